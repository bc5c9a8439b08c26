"""The commands that the README begins with, run as a person would."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from PIL import Image

from playground.testing.client import PlaygroundClient
from tests.processes import ROOT

pytestmark = pytest.mark.system


def with_server(*command: str, **options) -> subprocess.Popen[str]:
    nobody = {**os.environ, "TRITON_URL": "127.0.0.1:9", **options}  # the discard port: no server answers there
    return subprocess.Popen(
        [sys.executable, "-m", "serving.run_with_server", *command],
        cwd=ROOT, env=nobody, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip


def test_one_photo_without_slack_and_without_a_running_server(photo, tmp_path):
    Image.fromarray(photo[:100, :120]).save(tmp_path / "in.jpg")
    command = with_server(
        sys.executable, "-m", "slackbot", "enhance", f"{tmp_path}/in.jpg", "-o", f"{tmp_path}/out.jpg"
    )
    said, _ = command.communicate(timeout=120)

    assert command.returncode == 0, said
    assert "model version 1" in said
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.size == (480, 400)


def test_a_running_server_is_used_and_left_alone(photo, triton, tmp_path):
    Image.fromarray(photo[:50, :60]).save(tmp_path / "in.png")
    before = triton.inferences()
    command = with_server(
        sys.executable, "-m", "slackbot", "enhance", f"{tmp_path}/in.png", TRITON_URL=triton.address
    )  # fmt: skip
    said, _ = command.communicate(timeout=120)

    assert command.returncode == 0, said
    assert triton.inferences() == before + 1


def test_the_commands_own_exit_status_is_passed_on():
    command = with_server(sys.executable, "-c", "raise SystemExit(3)")
    command.communicate(timeout=120)
    assert command.returncode == 3


def start_demo(**environment: str) -> subprocess.Popen[str]:
    """`make demo`, on any free port."""
    command = [sys.executable, "-m", "playground.demo", "--model-server", f"{sys.executable} -m serving"]
    others = {name: value for name, value in os.environ.items() if name != "TRITON_URL"}
    return subprocess.Popen(
        command, cwd=ROOT, env={**others, "PORT": "0", **environment}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize("port", ["taken", "abc", "99999"])
def test_a_port_that_cannot_be_had_is_one_sentence(port):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1]) if port == "taken" else port
        said, _ = start_demo(PORT=number).communicate(timeout=60)
    assert number in said
    assert "make demo" in said
    assert said.count("\n") == 1


def test_the_demo_answers_and_ctrl_c_leaves_no_process(photo, png):
    demo = start_demo()
    said: list[str] = []
    assert demo.stdout
    for line in demo.stdout:
        said.append(line)
        if "Ctrl-C" in line:
            break
    address = re.findall(r"http://[\d.:]+/", "".join(said))
    assert address, "".join(said)
    family = psutil.Process(demo.pid).children(recursive=True)
    assert len(family) >= 5  # serving, tritonserver, its stubs, the playground, the bot

    workspace = PlaygroundClient(address[0].rstrip("/"))
    message = workspace.post("#photos", f"<@{workspace.bot_user}>", files=[("a.png", png(photo[:60, :80]))])
    (reply,) = workspace.wait_for_replies(message, 1, 60)
    assert "enhanced by model version 1" in reply.text

    os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
    rest, _ = demo.communicate(timeout=60)
    assert demo.returncode == 0, rest
    assert "Traceback" not in rest
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


@pytest.mark.parametrize("module", ["serving", "serving.run_with_server", "slackbot", "playground"])
def test_every_command_has_help(module):
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert "usage" in done.stdout


def test_a_bare_make_lists_every_target():
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    makefile = Path(ROOT / "Makefile").read_text()
    for target in ("demo", "test", "enhance", "train", "evaluate", "export"):
        assert f"make {target}" in listed
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
