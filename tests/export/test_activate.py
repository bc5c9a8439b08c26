"""A running Triton changes its model without dropping a request, or keeps the one it has."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton

from export import activation
from export.activation import KEY, ActivationError, activate
from export.exporter import export
from tests.nearest_model import NearestModel, messages
from tests.processes import PATIENCE, ROOT, Triton
from training.generator import Generator, Shape, save_weights

pytestmark = pytest.mark.system
CLIENTS, REQUESTS, SECONDS = 4, 1000, 240


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(Generator(Shape(blocks=1, channels=16)), path)
    return path


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Path:
    """The project's configuration over a tiny generator."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "enhancer").mkdir()
    config = (ROOT / "model_repository" / "enhancer" / "config.pbtxt").read_text()
    (folder / "enhancer" / "config.pbtxt").write_text(config)
    export(weights, folder)
    return folder


Start = Callable[..., Triton]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Start]:
    started: list[Triton] = []

    def run(*options: str) -> Triton:
        server = Triton(tmp_path_factory.mktemp("triton"), f"--model-repository={repository}", *options)
        server.start()
        started.append(server)
        return server

    yield run
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def server(start: Start) -> Triton:
    return start()


def ask(client: triton.InferenceServerClient) -> str:
    """One inference; the version that answered."""
    pixels = triton.InferInput("image", [1, 8, 8, 3], "UINT8")
    pixels.set_data_from_numpy(np.zeros((1, 8, 8, 3), np.uint8))
    result = client.infer("enhancer", [pixels], client_timeout=PATIENCE * 20)
    assert result
    assert result.as_numpy("enhanced").shape == (1, 32, 32, 3)  # pyright: ignore[reportOptionalMemberAccess]
    return result.get_response().model_version  # pyright: ignore[reportAttributeAccessIssue]


def broken(repository: Path, version: int) -> Path:
    """A version whose file is no graph."""
    folder = repository / "enhancer" / str(version)
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"nothing")
    return folder


def versions(repository: Path) -> list[str]:
    return sorted(path.name for path in (repository / "enhancer").iterdir() if path.name != "config.pbtxt")


def test_a_thousand_requests_during_three_reloads_one_of_them_broken(server, repository, weights):
    answered: list[tuple[bool, str]] = []
    """Whether it was asked after the last load, and the version that answered."""
    loaded, finished = threading.Event(), threading.Event()

    def keep_asking() -> None:
        with triton.InferenceServerClient(server.address) as client:
            while not finished.is_set() or len(answered) < REQUESTS:
                answered.append((loaded.is_set(), ask(client)))

    def wait_for_more(count: int) -> None:
        """Let that many more requests be answered, so that each reload happens under load."""
        goal, deadline = len(answered) + count, time.monotonic() + SECONDS
        while len(answered) < goal:
            assert time.monotonic() < deadline
            assert not any(client.done() for client in clients), [client.exception() for client in clients]
            time.sleep(0.01)

    def load(folder: Path) -> None:
        wait_for_more(50)
        activate(server.address, folder, server.key)

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(keep_asking) for _ in range(CLIENTS)]
        try:
            load(repository / "enhancer" / str(export(weights, repository).version))
            with pytest.raises(ActivationError, match="refused version 3 of enhancer and keeps"):
                load(broken(repository, 3))
            wait_for_more(50)
            load(repository / "enhancer" / str(export(weights, repository).version))
            loaded.set()
            wait_for_more(50)
        finally:
            finished.set()
        for client in clients:
            client.result(SECONDS)

    assert len(answered) >= REQUESTS
    assert {version for _, version in answered} == {"1", "2", "3"}
    assert {version for asked_after, version in answered if asked_after} == {"3"}
    assert versions(repository) == ["1", "2", "3"]


@pytest.mark.parametrize("graph", ["model.onnx", "model.int8.onnx"])
def test_a_graph_that_was_changed_after_its_check_is_never_loaded(server, repository, weights, graph):
    before = versions(repository)
    folder = repository / "enhancer" / str(export(weights, repository).version)
    with (folder / graph).open("ab") as file:
        file.write(b"\0")

    with pytest.raises(ActivationError, match="not the file that was exported"):
        activate(server.address, folder, server.key)
    assert versions(repository) == before
    with triton.InferenceServerClient(server.address) as client:
        assert ask(client) == before[-1]


def command(address: str, repository: Path, weights: Path, key: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "export/to_onnx.py", f"--weights={weights}", f"--model-repository={repository}",
         f"--activate={address}"],
        cwd=ROOT, env={**os.environ, KEY: key}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_server_asks_for_its_key(server, repository, weights):
    before = versions(repository)

    with pytest.raises(ActivationError, match=KEY):
        activate(server.address, repository / "enhancer" / str(export(weights, repository).version))
    assert versions(repository) == before

    done = command(server.address, repository, weights, "wrong")
    assert done.returncode == 1
    assert done.stderr.startswith(f"to_onnx.py: the server at {server.address} lets only those load models")
    assert KEY in done.stderr
    assert versions(repository) == before

    done = command(server.address, repository, weights, server.key)
    assert done.returncode == 0, done.stderr
    assert "and serves" in done.stdout
    with triton.InferenceServerClient(server.address) as client:
        assert ask(client) == str(len(before) + 1)


def test_without_a_server_it_says_so_before_it_exports(repository, tmp_path):
    before = versions(repository)
    done = command("127.0.0.1:9", repository, tmp_path / "no weights.safetensors")
    assert done.returncode == 1
    assert done.stderr == "to_onnx.py: no server answers at 127.0.0.1:9\n"
    assert versions(repository) == before


class Loading(NearestModel):
    """The connection ends while it loads a version, which is ready at the third question; or it is `silent` so long."""

    questions, silent = 3, False

    def RepositoryModelLoad(self, request, context):  # noqa: ARG002, N802
        if self.silent:
            self.release.wait(100)
        context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")

    def ModelReady(self, request, context):  # noqa: ARG002, N802
        self.questions -= 1
        return messages.ModelReadyResponse(ready=self.questions <= 0)


@pytest.fixture
def loading() -> Iterator[Loading]:
    server = Loading()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "enhancer" / "2").mkdir(parents=True)
    return tmp_path / "enhancer" / "2"


def test_a_version_that_is_loaded_after_the_connection_ended_stays(loading, folder):
    activate(loading.address, folder)
    assert folder.exists()


@pytest.mark.parametrize("silent", [False, True])
def test_a_version_that_may_still_be_loaded_stays_and_is_told_of(loading, folder, monkeypatch, silent):
    monkeypatch.setattr(activation, "LOAD_SECONDS", 1.0)
    loading.questions, loading.silent = 1000, silent
    with pytest.raises(ActivationError, match=rf"not loaded version 2 within 1 s, and may go on\. So {folder} stays"):
        activate(loading.address, folder)
    assert folder.exists()


def test_a_version_of_which_a_lost_server_says_nothing_stays_and_is_told_of(folder):
    with pytest.raises(ActivationError, match=rf"no server answers at 127\.0\.0\.1:9\. So {folder} stays"):
        activate("127.0.0.1:9", folder)
    assert folder.exists()


def test_a_proxy_for_the_web_is_not_asked_for_the_way_to_the_server(loading, folder, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # the discard port: no proxy answers there
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    activate(loading.address, folder)


def test_a_server_of_another_repository_is_found_out(server, tmp_path, weights):
    (tmp_path / "enhancer").mkdir()
    (tmp_path / "enhancer" / "config.pbtxt").touch()
    (tmp_path / "enhancer" / "8").mkdir()
    folder = tmp_path / "enhancer" / str(export(weights, tmp_path).version)
    assert folder.name == "9"
    with pytest.raises(ActivationError, match="another model repository"):
        activate(server.address, folder, server.key)
    assert not folder.exists()
    assert folder.with_name("8").exists()
