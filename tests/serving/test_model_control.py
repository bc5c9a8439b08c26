"""Whoever may load a model may run anything: nobody may without the key. The attack is a real one."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from export.activation import KEY, key_for
from serving import model_control
from tests.http_request import request
from tests.processes import PATIENCE, ROOT, Triton, until

pytestmark = pytest.mark.system
HEADER = "triton-grpc-protocol-admin-key"
EVIL = """
from pathlib import Path
Path("{path}").touch()
class TritonPythonModel:
    def execute(self, requests):
        return []
"""
CONFIG = json.dumps(
    {
        "backend": "python",
        "input": [{"name": "a", "data_type": "TYPE_UINT8", "dims": [1]}],
        "output": [{"name": "b", "data_type": "TYPE_UINT8", "dims": [1]}],
    }
)


def attack(server: Triton, path: Path, headers: dict[str, str] | None) -> None:
    """Have the server write `path`, by a Python model that comes with the request to load it."""
    with InferenceServerClient(server.address) as client:
        model = {"file:1/model.py": EVIL.format(path=path).encode()}
        client.load_model("evil", config=CONFIG, files=model, headers=headers, client_timeout=PATIENCE * 60)


@pytest.mark.parametrize("headers", [None, {HEADER: ""}, {HEADER: "wrong"}, {HEADER: "0" * 64}, {"admin-key": "x"}])
def test_nobody_runs_a_model_of_their_own(server, tmp_path, headers):
    with pytest.raises(InferenceServerException, match="restricted"):
        attack(server, tmp_path / "written", headers)
    assert not (tmp_path / "written").exists()


def test_the_attack_works_for_who_has_the_key(server, tmp_path):
    attack(server, tmp_path / "written", server.headers)
    assert (tmp_path / "written").exists()


def test_what_reads_memory_or_writes_files_is_closed_too(server):
    with InferenceServerClient(server.address) as client:
        for ask in (
            lambda: client.register_system_shared_memory("region", "/region", 1),
            lambda: client.update_trace_settings("enhancer", {"trace_file": "/tmp/x"}),
            lambda: client.update_log_settings({"log_file": "/tmp/x"}),
            lambda: client.unload_model("enhancer"),
            client.get_model_repository_index,
        ):
            with pytest.raises(InferenceServerException, match="restricted"):
                ask()
        assert client.is_model_ready("enhancer")
        assert client.get_model_metadata("enhancer")


def test_nothing_but_grpc_and_metrics_listens(server):
    listening = [at for at in server.server().net_connections() if at.status == psutil.CONN_LISTEN]
    assert len({at.laddr.port for at in listening}) == 2
    assert {at.laddr.ip.removeprefix("::ffff:") for at in listening} == {"127.0.0.1"}


def test_a_web_page_cannot_load_a_model_over_http_where_that_was_asked_for(launch, new_repository):
    new_repository.add("enhancer")
    server = launch(new_repository.folder, "--http-port=0")
    address = server.ready.split("http://")[1].split()[0]
    body = json.dumps({"parameters": {"config": CONFIG}}).encode()
    for path in ("/v2/repository/models/evil/load", "/v2/repository/index", "/v2/systemsharedmemory/region/r/register"):
        headers = {"Content-Type": "text/plain", "Origin": "https://evil.example"}
        assert request(f"http://{address}{path}", "POST", body, headers).status == 403


def test_the_key_is_for_its_owner_alone(launch, new_repository, monkeypatch):
    new_repository.add("enhancer")
    server = launch(new_repository.folder)
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(server.cache))
    assert key_for(server.address) == server.key
    (file,) = server.cache.rglob("key-*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    family = psutil.Process(server.pid).children(recursive=True)
    assert not [process for process in family if server.key in " ".join(process.cmdline())]
    assert not [process for process in family if KEY in process.environ()]
    assert server.stop() == 0
    assert not file.exists()
    assert key_for(server.address) == ""
    assert server.key not in server.log


def test_a_process_that_has_ended_shows_no_key():
    with subprocess.Popen(["sleep", "60"]) as process:
        process.kill()
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE, 20, "its end")
        assert model_control.hide(process.pid, "60")
    assert model_control.hide(process.pid, "60")


def test_the_tiles_in_shared_memory_are_for_their_owner_alone(server):
    files = list(Path("/dev/shm").glob(f"serving-{server.pid}-*"))
    assert files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_two_names_are_one():
    assert model_control.KEY == KEY  # export and serving import nothing of each other


def test_other_machines_are_not_let_in_without_a_key():
    environment = {name: value for name, value in os.environ.items() if name != KEY}
    command = [sys.executable, "-m", "serving", "--host=0.0.0.0", "--grpc-port=0", "--metrics-port=0"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "serving: --host 0.0.0.0 lets other machines in, so a key is needed: "
        "set TRITON_ADMIN_KEY to a long random word\n"
    )
