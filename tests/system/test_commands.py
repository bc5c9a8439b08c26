"""The commands that the README begins with, run as a person would."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import tritonclient.grpc as triton_client
from PIL import Image
from tritonclient.utils import InferenceServerException

from playground.testing.client import PlaygroundClient
from tests.processes import PATIENCE, ROOT, SERVED, until
from tests.terminal import on_terminal

pytestmark = pytest.mark.system


def with_server(*command: str, stdin: int | None = None, **options) -> subprocess.Popen[str]:
    nobody = {**os.environ, "TRITON_URL": "127.0.0.1:9", **options}  # the discard port: no server answers there
    return subprocess.Popen(
        [sys.executable, "-m", "serving.run_with_server", *command],
        cwd=ROOT, env=nobody, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip


def test_one_photo_without_slack_and_without_a_running_server(photo, tmp_path):
    Image.fromarray(photo[:100, :120]).save(tmp_path / "in.jpg")
    command = with_server(
        sys.executable, "-m", "slackbot", "enhance", f"{tmp_path}/in.jpg", "-o", f"{tmp_path}/out.jpg"
    )
    said, _ = command.communicate(timeout=PATIENCE * 120)

    assert command.returncode == 0, said
    assert f"model version {SERVED}" in said
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.size == (480, 400)


def test_a_terminal_shows_what_is_waited_for():
    command = [sys.executable, "-m", "serving.run_with_server", sys.executable, "-c", "print('it runs')"]
    status, shown = on_terminal(command, cwd=ROOT, env={**os.environ, "TRITON_URL": "127.0.0.1:9"})

    assert status == 0
    assert shown.splitlines() == ["Starting the model server, for this command: some seconds.", "it runs"]


@pytest.mark.parametrize(
    ("environment", "used"),
    [({}, "grpcs://file.test:1"), ({"TRITON_URL": "grpcs://other.test:1"}, "grpcs://other.test:1")],
)
def test_the_server_of_the_env_file_is_used(tmp_path, environment, used):
    (tmp_path / ".env").write_text("TRITON_URL=grpcs://file.test:1\n")
    inherited = {name: value for name, value in os.environ.items() if name != "TRITON_URL"}
    tell = "import os; print(os.environ['TRITON_URL'])"
    done = subprocess.run(
        [sys.executable, "-m", "serving.run_with_server", sys.executable, "-c", tell],
        cwd=tmp_path, env={**inherited, "PYTHONPATH": str(ROOT), **environment}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (f"{used}\n", "")


def test_a_running_server_is_used_and_left_alone(photo, triton, tmp_path):
    Image.fromarray(photo[:50, :60]).save(tmp_path / "in.png")
    before = triton.inferences()
    command = with_server(
        sys.executable, "-m", "slackbot", "enhance", f"{tmp_path}/in.png", TRITON_URL=triton.address
    )  # fmt: skip
    said, _ = command.communicate(timeout=PATIENCE * 120)

    assert command.returncode == 0, said
    assert triton.inferences() == before + 1


def test_a_server_that_is_killed_comes_back_where_it_was():
    wait = "import os, sys; print(os.environ['TRITON_URL'], flush=True); sys.stdin.read()"
    command = with_server(sys.executable, "-c", wait, stdin=subprocess.PIPE)
    assert command.stdout
    address = command.stdout.readline().strip()
    try:
        with triton_client.InferenceServerClient(address) as client:
            assert client.is_model_ready("enhancer", client_timeout=PATIENCE * 20)
            killed = kill_tritonserver(command.pid)
            until(lambda: killed != tritonserver(command.pid) and is_ready(client), 60, "another tritonserver")
    finally:
        said, _ = command.communicate("", timeout=PATIENCE * 60)
    assert command.returncode == 0
    assert "tritonserver ended by itself: killed by signal 9 (SIGKILL)" in said
    assert "starting it again" in said


def tritonserver(launcher: int) -> psutil.Process | None:
    family = psutil.Process(launcher).children(recursive=True)
    return next((process for process in family if process.name() == "tritonserver"), None)


def kill_tritonserver(launcher: int) -> psutil.Process:
    found = tritonserver(launcher)
    assert found
    found.kill()
    return found


def is_ready(client: triton_client.InferenceServerClient) -> bool:
    try:
        return bool(client.is_model_ready("enhancer", client_timeout=2))
    except InferenceServerException:
        return False


def test_the_commands_own_exit_status_is_passed_on():
    command = with_server(sys.executable, "-c", "raise SystemExit(3)")
    command.communicate(timeout=PATIENCE * 120)
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
        said, _ = start_demo(PORT=number).communicate(timeout=PATIENCE * 60)
    assert number in said
    assert "make demo" in said
    assert said.count("\n") == 1


def test_the_demo_answers_recovers_from_a_crash_and_ctrl_c_leaves_no_process(photo, png, figures):
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
    assert f"enhanced by model version {SERVED}" in reply.text

    kill_tritonserver(demo.pid)
    killed = time.monotonic()
    while True:
        message = workspace.post("#photos", f"<@{workspace.bot_user}>", files=[("a.png", png(photo[:60, :80]))])
        (reply,) = workspace.wait_for_replies(message, 1, 60)
        if f"enhanced by model version {SERVED}" in reply.text:
            break
        assert "enlarged with bicubic interpolation" in reply.text
    figures.write(
        "test_the_demo_answers_recovers_from_a_crash_and_ctrl_c_leaves_no_process",
        f"enhanced again {time.monotonic() - killed:.1f} s after tritonserver was killed",
    )
    family += [one for one in psutil.Process(demo.pid).children(recursive=True) if one not in family]

    os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
    rest, _ = demo.communicate(timeout=PATIENCE * 60)
    assert demo.returncode == 0, rest
    assert "Traceback" not in rest
    _, alive = psutil.wait_procs(family, timeout=PATIENCE * 10)
    assert not alive


@pytest.mark.parametrize("module", ["serving", "serving.run_with_server", "slackbot", "playground"])
def test_every_command_has_help(module):
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "usage" in done.stdout


@pytest.mark.parametrize("target", ["enhance", "train", "weights", "evaluate", "benchmark", "perf"])
def test_what_is_missing_is_said_before_anything_is_installed(target, tmp_path):
    # Without a Python to install with, the first step of an installation would say another thing.
    command = ["make", target, f"VENV={tmp_path / 'venv'}", "PYTHON=false"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert f"make {target} " in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("target", ["gpu", "perf_analyzer/bin"])
def test_a_folder_that_pip_did_not_finish_is_not_made(target, tmp_path):
    folder = tmp_path / target.split("/")[0]
    pip = tmp_path / "pip"  # it installs `bin`, and ends as it is told to
    pip.write_text(
        '#!/bin/bash\nfolder=$(grep -oP "(?<=--target )\\S+" <<<"$*")\nmkdir -p "$folder/bin"\nexit $STATUS\n'
    )
    pip.chmod(0o755)
    for made in ("created", "project"):
        (tmp_path / made).touch()

    def make(status: int) -> int:
        command = ["make", f"{tmp_path}/{target}", f"VENV={tmp_path}", f"INSTALL={pip}"]
        environment = {**os.environ, "STATUS": str(status)}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False).returncode

    (folder / "left from another version").mkdir(parents=True)
    os.utime(folder, (0, 0))
    assert [make(status) for status in (1, 1, 0)] == [2, 2, 0]
    assert [path.name for path in folder.iterdir()] == ["bin"]
    assert make(1) == 0, "it is made"


def test_a_bare_make_lists_every_target():
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    makefile = Path(ROOT / "Makefile").read_text()
    for target in ("demo", "test", "enhance", "train", "evaluate", "export"):
        assert f"make {target}" in listed
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
