"""`python -m serving`: its options, and what it says about bad ones."""

from pathlib import Path

import pytest

from serving import backends, model_control
from serving.__main__ import REPOSITORY, parse, ready_line
from serving.errors import KeyMissing
from serving.ports import Ports


def test_defaults():
    options, cache = parse([])
    assert options.repository == REPOSITORY
    assert options.models == ("enhancer",)
    assert options.host == "127.0.0.1"
    assert options.ports == Ports(http=None, grpc=8001, metrics=8002)
    assert cache == backends.default_cache()


def test_everything_given(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(model_control.KEY, "0123456789abcdef")
    line = "--host 0.0.0.0 --http-port 0 --grpc-port 1 --metrics-port 2 --model-repository /r --model a --model b"
    options, cache = parse([*line.split(), "--threads=3", "--cache=/c", "--verbose", "--", "--log-info=0", "--", "-x"])
    assert (options.host, options.ports, options.repository) == ("0.0.0.0", Ports(0, 1, 2), Path("/r"))
    assert options.key == "0123456789abcdef"
    assert (options.models, options.threads, options.verbose) == (("a", "b"), 3, True)
    assert options.extra == ("--log-info=0", "--", "-x")
    assert cache == Path("/c")


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("--grpc-port=65536", "65536 is not a port (0 to 65535)"),
        ("--grpc-port=http", "invalid"),
        ("--threads=0", "at least 1"),
        ("--inference=int4", "invalid choice: 'int4'"),
        ("--grpc-key=/missing.key", "there is no file /missing.key"),
        (f"--grpc-key={__file__}", "--grpc-certificate and --grpc-key belong together"),
        ("--log-info=0", "unrecognized arguments: --log-info=0"),
    ],
)
def test_bad_option(argument: str, sentence: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        parse([argument])
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_the_environment_says_in_how_many_bits(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("INFERENCE", "int8")
    assert parse([])[0].inference == "int8"
    assert parse(["--inference=float"])[0].inference == "float"
    monkeypatch.setenv("INFERENCE", "")
    assert parse([])[0].inference == "float"
    monkeypatch.setenv("INFERENCE", "int4")
    with pytest.raises(SystemExit):
        parse([])
    assert "INFERENCE is 'int4': it has to be float or int8" in capsys.readouterr().err


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for option in (
        "host",
        "http-port",
        "grpc-port",
        "metrics-port",
        "inference",
        "model-repository",
        "model",
        "threads",
        "cache",
        "restarts",
        "grace",
    ):
        assert f"--{option} " in said


def test_ready_line():
    options, _ = parse(["--model=a", "--model=b"])
    assert ready_line(options) == "ready: a, b at grpc://127.0.0.1:8001 metrics http://127.0.0.1:8002/metrics"
    options, _ = parse(["--http-port=8000"])
    assert ready_line(options) == (
        "ready: enhancer at grpc://127.0.0.1:8001 http://127.0.0.1:8000 metrics http://127.0.0.1:8002/metrics"
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "enhancer.example"])
def test_another_host_than_loopback_needs_a_key_that_somebody_chose(host: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(model_control.KEY, raising=False)
    with pytest.raises(KeyMissing, match=model_control.KEY):
        parse(["--host", host])
    monkeypatch.setenv(model_control.KEY, "0123456789abcdef")
    assert parse(["--host", host])[0].host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_loopback_gets_a_key_of_its_own(host: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(model_control.KEY, raising=False)
    one, other = (parse(["--host", host])[0].key for _ in range(2))
    assert len(one) == 64
    assert one != other


@pytest.mark.parametrize("key", ["short", "0123456789abcde,", "0123456789:abcdef", "0123456789abcdef\n", "k" * 257])
def test_a_key_that_is_none_is_refused(key: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(model_control.KEY, key)
    with pytest.raises(KeyMissing, match="openssl rand"):
        parse([])
