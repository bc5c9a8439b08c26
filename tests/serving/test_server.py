"""Reading tritonserver's log, and building its command line."""

from pathlib import Path

import pytest

from serving.ports import Ports
from serving.server import Options, command, environment, is_trouble, reason
from serving.wheel import Wheel

FAILED = (
    "E1122 20:00:10.916739 8440 model_lifecycle.cc:642] \"failed to load 'enhancer' version 1: Invalid argument: "
    "unexpected inference input 'x', allowed inputs are: image\""
)
WHEEL = Wheel(Path("/w/tritonserver"), Path("/w/python"), Path("/w/stub"), libraries=(Path("/w/libs"),))


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        (FAILED, True),
        ('W1122 19:48:38.366881 6372 server.cc:12] "something odd"', True),
        ("error: creating server: Internal - failed to load all models", True),
        ("I1122 19:48:40.472133 6372 model_lifecycle.cc:839] \"successfully loaded 'enhancer'\"", False),
        ('W1122 19:48:38.366881 6372 pinned_memory_manager.cc:273] "Unable to allocate pinned system memory"', False),
        ('E1122 19:48:38.367108 6372 server.cc:241] "CudaDriverHelper has not been initialized."', False),
        ("Error: Failed to initialize NVML", False),
        ("+------+------+", False),
    ],
)
def test_trouble(line: str, trouble: bool):
    assert is_trouble(line) is trouble


def test_reason_is_the_models_own():
    assert reason([FAILED, "error: creating server: Internal - failed to load all models"], 1) == (
        "model 'enhancer' version 1: Invalid argument: unexpected inference input 'x', allowed inputs are: image"
    )


def test_reason_of_the_stand_in_comes_without_its_traceback():
    line = FAILED.replace("Invalid argument", "Internal: TritonModelException").rstrip('"')
    assert reason([line + r'\n\nAt:\n  /cache/onnxruntime/model.py(45): initialize\n"'], 1) == (
        "model 'enhancer' version 1: unexpected inference input 'x', allowed inputs are: image"
    )


def test_reason_without_a_model():
    ordinary = "I1122 19:48:40.472133 6372 model_lifecycle.cc:839] 'loading'"
    assert reason(["error: creating server: x", ordinary, ""], 1) == "error: creating server: x (exit status 1)"
    assert reason(['E1122 20:00:10.916739 8440 main.cc:1] "socket in use"', ordinary], 1) == "socket in use"
    assert reason(["+---+---+"], 3) == "exit status 3, without a word"


def test_a_signal_is_the_reason_and_no_older_line_of_the_log():
    assert reason([FAILED, "error: creating server: x"], -9).startswith("killed by signal 9 (SIGKILL)")
    assert reason(["terminate called", "+---+---+", FAILED], -6) == "signal 6 (SIGABRT): terminate called"
    assert reason([FAILED], -11) == "signal 11 (SIGSEGV)"


def test_command_binds_every_service_to_the_host():
    options = Options(Path("/r"), models=("a", "b"), host="::1", ports=Ports(1, 2, 3), extra=("--http-port=9",))
    line = command(WHEEL, Path("/b"), options)
    assert {"--http-address=::1", "--grpc-address=::1", "--metrics-address=::1"} < set(line)
    assert {"--load-model=a", "--load-model=b", "--grpc-port=2", "--model-control-mode=explicit"} < set(line)
    assert line[-1] == "--http-port=9"


def test_no_http_and_a_key_of_its_own_unless_asked_for_otherwise():
    one, other = (command(WHEEL, Path("/b"), Options(Path("/r"))) for _ in range(2))
    assert "--allow-http=false" in one
    assert not [option for option in one if option.startswith("--http")]
    (mine,), (theirs,) = ([o for o in line if o.startswith("--grpc-restricted-protocol=")] for line in (one, other))
    assert mine.startswith("--grpc-restricted-protocol=model-repository,shared-memory,trace,logging:admin-key=")
    assert mine != theirs
    assert repr(Options(Path("/r"), key="sesame")).count("sesame") == 0


def test_environment_puts_our_python_and_the_wheels_libraries_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/old")
    found = environment(WHEEL, threads=3)
    assert found["LD_LIBRARY_PATH"] == "/w/libs:/old"
    assert (Path(found["PATH"].split(":")[0]) / "python3").exists()
    assert found["SERVING_THREADS"] == "3"
    monkeypatch.delenv("LD_LIBRARY_PATH")
    assert environment(WHEEL, threads=None)["LD_LIBRARY_PATH"] == "/w/libs"


def test_allocator_settings_of_the_person_come_last(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    assert environment(WHEEL, threads=None)["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")
    assert environment(WHEEL, threads=None)["GLIBC_TUNABLES"].endswith(":glibc.malloc.hugetlb=0")


def test_clients_connect_anew_within_thirty_seconds_and_lose_no_request(tmp_path):
    given = dict(word.split("=", 1) for word in command(WHEEL, tmp_path, Options(tmp_path)) if "=" in word)
    age, grace = (int(given[f"--grpc-max-connection-age{end}"]) for end in ("", "-grace"))
    assert age <= 30_000 <= grace
