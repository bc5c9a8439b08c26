"""What is missing is said in one sentence, before a server is started."""

import socket
from pathlib import Path

import pytest

from serving import backends, ports, repository, wheel
from serving.errors import ModelMissing, PortTaken, Unsupported
from serving.ports import Ports
from serving.wheel import Wheel


@pytest.mark.parametrize(
    ("machine", "sentence"),
    [
        (("darwin", "arm64", None), "Linux x86-64 only, and this is darwin on arm64"),
        (("linux", "aarch64", (2, 39)), "Linux x86-64 only, and this is linux on aarch64"),
        (("linux", "x86_64", (2, 31)), "needs glibc 2.35 or newer, and this machine has glibc 2.31"),
        (("linux", "x86_64", None), "this machine has another C library"),
    ],
)
def test_machine_that_cannot_run_it(machine: tuple, sentence: str):
    with pytest.raises(Unsupported, match=sentence):
        wheel.check_machine(*machine)


def test_machine_that_can():
    wheel.check_machine("linux", "x86_64", (2, 35))


def test_ports_chosen_are_free_and_differ():
    chosen = ports.settle("127.0.0.1", Ports(0, 0, 0))
    assert len({chosen.http, chosen.grpc, chosen.metrics}) == 3
    assert ports.settle("127.0.0.1", chosen) == chosen


def test_port_taken():
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {taken} for grpc is taken on 127.0.0.1: .*--grpc-port"):
            ports.settle("127.0.0.1", Ports(0, taken, 0))


def test_one_port_cannot_serve_twice():
    free = ports.settle("127.0.0.1", Ports(None, 0, 0)).grpc
    with pytest.raises(PortTaken, match=f"port {free} for metrics is taken"):
        ports.settle("127.0.0.1", Ports(0, free, free))


def test_address_of_another_machine():
    with pytest.raises(PortTaken, match=r"cannot listen on 192\.0\.2\.1:0 for http"):
        ports.settle("192.0.2.1", Ports(0, 0, 0))


def test_repository_missing(tmp_path: Path):
    with pytest.raises(ModelMissing, match="there is no model repository at"):
        repository.check(tmp_path / "nowhere", ("enhancer",))
    with pytest.raises(ModelMissing, match=r"no model 'enhancer': .*config\.pbtxt is missing"):
        repository.check(tmp_path, ("enhancer",))


def test_version_missing(tmp_path: Path):
    (tmp_path / "enhancer" / "1").mkdir(parents=True)
    (tmp_path / "enhancer" / "config.pbtxt").touch()
    with pytest.raises(ModelMissing, match=r"no version to serve: .*1/model\.onnx is missing"):
        repository.check(tmp_path, ("enhancer",))
    (tmp_path / "enhancer" / "1" / "model.onnx").touch()
    repository.check(tmp_path, ("enhancer",))


def a_wheel(folder: Path, content: str) -> Wheel:
    (folder / "python").mkdir(parents=True)
    (folder / "python" / "libtriton_python.so").write_text(content)
    (folder / "stub").write_text(content)
    return Wheel(folder / "tritonserver", folder / "python", folder / "stub", libraries=())


def test_backends_are_laid_out_once_for_each_content(tmp_path: Path):
    old, new = a_wheel(tmp_path / "old", "1"), a_wheel(tmp_path / "new", "2")
    first = backends.lay_out(old, tmp_path / "cache")
    assert sorted(str(file.relative_to(first)) for file in first.rglob("*") if file.is_file()) == [
        "onnxruntime/convolutions.py",
        "onnxruntime/engines.py",
        "onnxruntime/model.py",
        "onnxruntime/ncnn_engine.py",
        "onnxruntime/onnxruntime_engine.py",
        "onnxruntime/openvino_engine.py",
        "onnxruntime/validation.py",
        "python/libtriton_python.so",
        "python/stub",
    ]
    assert backends.lay_out(old, tmp_path / "cache") == first
    assert backends.lay_out(new, tmp_path / "cache") != first
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_cache_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert backends.default_cache().parent == tmp_path
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert backends.default_cache().parent == tmp_path / ".cache"
