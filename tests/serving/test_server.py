"""tritonserver's command line and environment, and what its end while it starts means."""

import threading
from pathlib import Path

import pytest

from export.activation import LOAD_SECONDS
from serving import server
from serving.errors import ServerCrashed, ServerFailed
from serving.ports import Ports
from serving.server import Options, Server, command, environment
from serving.wheel import Wheel

WHEEL = Wheel(Path("/w/tritonserver"), Path("/w/python"), Path("/w/stub"), libraries=(Path("/w/libs"),))


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


def test_environment_puts_our_python_and_the_wheels_libraries_first(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/old")
    found = environment(WHEEL, Options(tmp_path, threads=3))
    assert found["LD_LIBRARY_PATH"] == "/w/libs:/old"
    assert (Path(found["PATH"].split(":")[0]) / "python3").exists()
    assert found["SERVING_THREADS"] == "3"
    monkeypatch.delenv("LD_LIBRARY_PATH")
    assert environment(WHEEL, Options(tmp_path))["LD_LIBRARY_PATH"] == "/w/libs"


def test_allocator_settings_of_the_person_come_last(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    assert environment(WHEEL, Options(tmp_path))["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")
    assert environment(WHEEL, Options(tmp_path))["GLIBC_TUNABLES"].endswith(":glibc.malloc.hugetlb=0")


def test_clients_connect_anew_within_thirty_seconds_and_lose_no_request(tmp_path):
    given = dict(word.split("=", 1) for word in command(WHEEL, tmp_path, Options(tmp_path)) if "=" in word)
    age, grace = (int(given[f"--grpc-max-connection-age{end}"]) for end in ("", "-grace"))
    assert age <= 30_000
    assert grace >= 1000 * LOAD_SECONDS, "a model is let load"


STARVED = (
    "E1130 14:27:16.635019 7466 model_lifecycle.cc:642] \"failed to load 'enhancer' version 1: Invalid argument: "
    "failed to run warmup sample 'a small tile': Stub process 'enhancer_0_1' is not healthy.; \""
)
WRONG = (
    "E1122 20:00:10.916739 8440 model_lifecycle.cc:642] \"failed to load 'enhancer' version 1: Invalid argument: "
    "unexpected inference input 'x'\""
)


@pytest.mark.parametrize(
    ("does", "kind", "sentence"),
    [
        (f"cat <<'end'\n{STARVED}\nend\nexit 1", ServerCrashed, "Stub process 'enhancer_0_1' is not healthy"),
        ("kill -11 $$", ServerCrashed, r"ended while starting: signal 11 \(SIGSEGV\)"),
        ("exec sleep 600", ServerCrashed, "is not ready after 1 s"),
        (f"cat <<'end'\n{WRONG}\nend\nexit 1", ServerFailed, "unexpected inference input 'x'"),
    ],
    ids=["gave up a stub", "crashed", "hangs", "refuses the model"],
)
def test_only_a_start_that_may_go_well_next_time_counts_as_a_crash(tmp_path, monkeypatch, does, kind, sentence):
    """A script stands for tritonserver, whose own ends are by chance; its lines are genuine."""
    monkeypatch.setattr(server, "START", 1.0)
    script = tmp_path / "tritonserver"
    script.write_text(f"#!/bin/sh\n{does}\n")
    script.chmod(0o755)
    wheel = Wheel(script, Path("/w/python"), Path("/w/stub"), libraries=())
    starting = Server(wheel, tmp_path, Options(tmp_path, ports=Ports(None, 1, 2)), log=lambda _: None)
    try:
        with pytest.raises(ServerFailed, match=sentence) as raised:
            starting.wait_until_ready(threading.Event())
    finally:
        starting.end()
    assert raised.type is kind
