"""The server and the bot do their work under the containers' restrictions: a user without rights, a read-only disk.

A mount namespace of the kernel stands in for Docker, which needs root; without it the tests are skipped and say so.
"""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
import tritonclient.grpc as triton
from PIL import Image

from playground.testing.client import PlaygroundClient
from tests.processes import PATIENCE, ROOT, free_port

pytestmark = pytest.mark.system
VOLUME = "/mnt"
# As docker-compose.yml has it: read-only but for a volume, /tmp without programs, shared memory, a user of no rights,
# no capability, nothing to gain by a set-user-id program. What Python needs of folders that such a user may not
# enter, or that the new /tmp hides, is kept and put back where it was.
JAIL = """
set -e
mount --make-rprivate /
kept=0
while IFS=: read -r folder needed && [ -n "$folder" ]; do
    kept=$((kept + 1)); mkdir -p /run/kept/$kept; mount --bind "$needed" /run/kept/$kept
done <<< "$KEPT"
if [ -n "$CONTENT" ]; then mount --bind "$CONTENT" /mnt; else mount -t tmpfs -o uid=1000,gid=1000 none /mnt; fi
mount -t tmpfs -o size=256m,mode=1777 none /dev/shm
mount -o remount,ro,bind /
cut -d: -f1 <<< "$KEPT" | sort -u | grep . | while read -r folder; do
    mount -t tmpfs -o mode=755 none "$folder"
done || true
mount -t tmpfs -o noexec,nosuid,nodev,size=256m,mode=1777 none /tmp
kept=0
while IFS=: read -r folder needed && [ -n "$folder" ]; do
    kept=$((kept + 1)); mkdir -p "$needed"; mount --bind /run/kept/$kept "$needed"; mount -o remount,ro,bind "$needed"
done <<< "$KEPT"
exec setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


def hidden() -> str:
    """FOLDER:NEEDED, a line for each path that Python needs and that lies in /tmp or where others may not enter."""
    found = []
    for needed in (Path(sys.base_prefix), ROOT, Path(sys.prefix)):
        for folder in [*reversed(needed.parents)][1:]:
            if folder == Path("/tmp") or not folder.stat().st_mode & 0o001:
                found.append(f"{folder}:{needed}")
                break
    return "\n".join(found)


@contextmanager
def jailed(log: Path, *command: str, content: str = "", **environment: str) -> Iterator[tuple[psutil.Process, str]]:
    """A command of ours in the jail: its process and its ready line."""
    about = {"KEPT": hidden(), "CONTENT": content, "HOME": "/nonexistent", **environment}
    with log.open("w") as errors:
        process = subprocess.Popen(
            ["unshare", "--mount", "bash", "-c", JAIL, "jail", sys.executable, "-m", *command],
            cwd=ROOT, env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **about},
            stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    try:
        assert process.stdout
        ready = process.stdout.readline()
        assert ready.startswith("ready"), log.read_text()
        yield psutil.Process(process.pid), ready
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE * 60)


@pytest.fixture(autouse=True)
def _namespaces():
    if os.geteuid() or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mount namespaces need root")


def assert_powerless(process: psutil.Process) -> None:
    for each in (process, *process.children(recursive=True)):
        status = Path(f"/proc/{each.pid}/status").read_text()
        assert each.uids().real == 1000
        assert "CapEff:\t0000000000000000" in status
        assert "CapBnd:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status


def test_the_server_needs_no_rights(tmp_path):
    cache = tmp_path / "cache"
    laid_out = [sys.executable, "-m", "serving.backends", str(cache)]  # a read-only server cannot
    subprocess.run(laid_out, cwd=ROOT, check=True, capture_output=True)
    cache.chmod(0o755)
    ports = [f"--{name}-port={free_port()}" for name in ("http", "grpc", "metrics")]
    with jailed(tmp_path / "log", "serving", *ports, f"--cache={VOLUME}", content=str(cache)) as (process, ready):
        assert_powerless(process)
        with triton.InferenceServerClient(ready.split("grpc://")[1].split()[0]) as client:
            pixels = triton.InferInput("image", [1, 16, 16, 3], "UINT8")
            pixels.set_data_from_numpy(np.zeros((1, 16, 16, 3), np.uint8))
            result = client.infer("enhancer", [pixels], client_timeout=PATIENCE * 20)
            assert result
            assert result.as_numpy("enhanced").shape == (1, 64, 64, 3)  # pyright: ignore[reportOptionalMemberAccess]


def test_the_bot_needs_no_rights(tmp_path, png):
    with PlaygroundClient.start() as workspace:
        database = f"sqlite:///{VOLUME}/bot.sqlite"
        settings = {"TRITON_URL": "127.0.0.1:9", "DATABASE_URL": database, "HEALTH_PORT": "0"}
        with jailed(tmp_path / "log", "slackbot", **workspace.environment, **settings) as (process, _):
            assert_powerless(process)
            workspace.wait_for_connection()
            message = workspace.post("#photos", f"<@{workspace.bot_user}>", files=[("a.png", png)])
            (reply,) = workspace.wait_for_replies(message, 1, 60)
            assert "32 × 24 → 128 × 96" in reply.text
            assert [file["name"] for file in reply.files] == ["a_4x.png"]


@pytest.fixture
def png() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((32, 24)).convert("RGB").save(file, "PNG")
    return file.getvalue()
