"""Have a running Triton serve a new version without dropping a request (explicit model control, over gRPC)."""

import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

LOAD_SECONDS = 600.0
"""TensorRT builds an engine while the model loads."""
ANSWER_SECONDS = 10.0
_CHANNEL = [("grpc.enable_http_proxy", 0)]  # a proxy of the environment knows no way to a server near by
_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")
KEY = "TRITON_ADMIN_KEY"
"""The environment variable with the key to a server's model control, where `key_for` is not to look for it."""


class ActivationError(ValueError):
    """A version that the server does not serve; the message says why."""


class UnknownOutcomeError(ActivationError):
    """A version that the server may serve already, or sooner or later; the message says why nobody knows."""


def activate(address: str, folder: Path, key: str = "") -> None:
    """Have the server at `address` load the version in `folder`, which is .../MODEL/VERSION of its model repository.

    Triton starts it beside the version that serves, and lets go of that one once the new one is ready. Where it cannot,
    the old one goes on serving, and `folder` is deleted, so that no later start of the server meets it.
    Raises ActivationError, also where the graph is not the one that was exported and checked; UnknownOutcomeError where
    the server did not say what became of it: then `folder` stays, since it may be serving.
    """
    try:
        _compare(folder)
        _load(address, folder, key)
    except UnknownOutcomeError:
        raise
    except ActivationError:
        shutil.rmtree(folder)
        raise


def check(address: str, key: str = "") -> None:
    """Ask the server at `address`, before there is a version to load, whether it takes one from who has this key.

    Raises ActivationError where none answers, or where it is not the key to its model control.
    """
    with triton.InferenceServerClient(address, channel_args=_CHANNEL) as client:
        try:
            client.get_model_repository_index(headers=_headers(key), client_timeout=ANSWER_SECONDS)
        except InferenceServerException as error:
            raise ActivationError(_sentence(address, error) or _said(error)) from error


def key_for(address: str) -> str:
    """The key to the model control of the server at HOST:PORT: that of the environment, else, where it runs on this
    machine, the one that `python -m serving` wrote down for this person alone; else empty."""
    if given := os.environ.get(KEY):
        return given
    host, _, port = address.rpartition(":")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        return (cache / "resolution-enhancer" / f"key-{int(port)}").read_text() if host in _THIS_MACHINE else ""
    except (OSError, ValueError):
        return ""


def _compare(folder: Path) -> None:
    """The graphs with the SHA-256 in the report that the exporter wrote beside them, where there is one."""
    report = folder / "export.json"
    if not report.exists():
        return
    graphs = {folder / "model.onnx": "sha256", folder / "model.int8.onnx": "int8_sha256"}
    for graph, entry in graphs.items():
        if entry == "int8_sha256" and not graph.exists():
            continue
        try:
            wanted = json.loads(report.read_text())[entry]
            found = hashlib.sha256(graph.read_bytes()).hexdigest()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ActivationError(f"{report} cannot be compared with the graph ({type(error).__name__})") from error
        if found != wanted:
            raise ActivationError(
                f"{graph} is not the file that was exported: its SHA-256 is not the one in {report.name}"
            )


def _load(address: str, folder: Path, key: str) -> None:
    """Have it loaded, and find out whether it serves."""
    model, version = folder.parent.name, folder.name
    ends = time.monotonic() + LOAD_SECONDS
    with triton.InferenceServerClient(address, channel_args=_CHANNEL) as client:
        answered = _request(client, address, model, version, key)
        try:
            ready = _is_ready(client, model, version)
            while not (ready or answered) and time.monotonic() < ends:
                time.sleep(1)
                ready = _is_ready(client, model, version)
        except InferenceServerException as error:
            why = _sentence(address, error) or f"the server at {address} does not say what it serves: {_said(error)}"
            raise UnknownOutcomeError(f"{why}. {_left(folder)}") from error
    if not (ready or answered):
        late = f"the server at {address} has not loaded version {version} within {LOAD_SECONDS:.0f} s"
        raise UnknownOutcomeError(f"{late}, and may go on. {_left(folder)}")
    if not ready:
        raise ActivationError(
            f"the server at {address} does not serve version {version}: it has another model repository, or another "
            "version_policy than the latest"
        )


def _request(client: triton.InferenceServerClient, address: str, model: str, version: str, key: str) -> bool:
    """Whether the server says that it has loaded it: where the connection ends before, it goes on loading.

    Raises ActivationError where it refuses.
    """
    try:
        client.load_model(model, headers=_headers(key), client_timeout=LOAD_SECONDS)
    except InferenceServerException as error:
        if _is_lost(error):
            return False
        refused = f"the server at {address} refused version {version} of {model} and keeps what it has: "
        raise ActivationError(_sentence(address, error) or refused + _said(error)) from error
    return True


def _is_ready(client: triton.InferenceServerClient, model: str, version: str) -> bool:
    return bool(client.is_model_ready(model, version, client_timeout=ANSWER_SECONDS))


def _left(folder: Path) -> str:
    return f"So {folder} stays: the server may serve it, now or from its next start on. Delete it where it must not"


def _headers(key: str) -> dict[str, str] | None:
    return {"triton-grpc-protocol-admin-key": key} if key else None


def _sentence(address: str, error: InferenceServerException) -> str:
    """What it means, where that is plain without knowing the model; else empty."""
    if _status(error) == "UNAVAILABLE" and "restricted" in _said(error):
        return f"the server at {address} lets only those load models who have its key: set {KEY}"
    return f"no server answers at {address}" if _is_lost(error) else ""


def _is_lost(error: InferenceServerException) -> bool:
    """Whether there is no answer: no server, none in time, or a connection that ended before."""
    by_server = any(word in _said(error) for word in ("restricted", "load"))
    return _status(error) in ("UNAVAILABLE", "DEADLINE_EXCEEDED") and not by_server


def _status(error: InferenceServerException) -> str:
    return (error.status() or "").removeprefix("StatusCode.")


def _said(error: InferenceServerException) -> str:
    return " ".join((error.message() or "").split())
