"""The images are of known content, recent enough, and hold what is locked. No engine runs here."""

import contextlib
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as triton
import yaml

from serving import wheel
from serving.server import Options, environment
from tests.processes import PATIENCE, ROOT, free_port

DOCKERFILES = sorted((ROOT / "deploy").glob("*.Dockerfile"))
# Nothing older may be deployed. CONTRIBUTING.md says when and how a floor is raised.
FLOORS = {
    "nvcr.io/nvidia/tritonserver": (25, 7),  # before: remote holes without a login, CVE-2025-23310 to -23334
    "python": (3, 11),
    "prom/prometheus": (3, 13),  # the release that gets fixes until July 2027
    "grafana/grafana": (13, 2),
}
IMAGE = re.compile(
    r"(?<![\w/.-])(?P<name>" + "|".join(FLOORS) + r"):v?(?P<tag>\d[\w.-]*)(?P<digest>@sha256:[0-9a-f]{64})?"
)


def images() -> list[tuple[Path, str, tuple[int, ...], bool]]:
    """(file, name, version, whether by digest) of every image that a file of the deployment or a document names."""
    files = [*DOCKERFILES, ROOT / "docker-compose.yml", *(ROOT / "deploy" / "kubernetes").rglob("*.y*ml")]
    files += [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("model_repository/*.md")]
    return [
        (file, found["name"], tuple(map(int, re.findall(r"\d+", found["tag"])[:2])), bool(found["digest"]))
        for file in files
        for found in IMAGE.finditer(file.read_text())
    ]


def test_no_image_is_older_than_its_floor():
    found = images()
    assert {name for _, name, _, _ in found} == set(FLOORS)
    for file, name, version, _ in found:
        assert version >= FLOORS[name], f"{file.name}: {name} {version}"


def test_one_version_of_each_image():
    versions = {(name, version) for _, name, version, _ in images()}
    assert len(versions) == len(FLOORS)


def test_every_base_is_named_with_its_digest_or_with_the_reason():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    bases = [
        (file, line) for file in DOCKERFILES for line in re.findall(r"^FROM (\S+)", file.read_text(), re.MULTILINE)
    ]
    bases += [(ROOT / "docker-compose.yml", s["image"]) for s in compose["services"].values() if "build" not in s]
    for file, base in bases:
        found = IMAGE.fullmatch(base)
        assert found, base
        assert found["digest"] or "By tag, not by digest: " in file.read_text(), base


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda path: path.name)
def test_images_install_what_is_locked_and_run_as_nobody_special(file: Path):
    text = file.read_text()
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1:] not in ([], ["root"])
    assert "torch" not in text
    assert not re.findall(r"^ADD ", text, re.MULTILINE)
    for install in re.findall(r"pip3? .*install (.*)", text):
        assert "--require-hashes" in install
    for source, _ in copied(text):
        assert (ROOT / source).exists(), source
        assert f"!{source.split('/')[0]}" in (ROOT / ".dockerignore").read_text().splitlines()


def copied(dockerfile: str) -> list[tuple[str, str]]:
    """(source, target) of each COPY."""
    lines = [shlex.split(line)[1:] for line in re.findall(r"^COPY .*$", dockerfile, re.MULTILINE)]
    return [(source, target) for *sources, target in lines for source in sources if not source.startswith("--")]


def test_secrets_stay_out_of_the_images():
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


@pytest.mark.system
def test_a_genuine_tritonserver_serves_the_layout_of_the_cpu_image(tmp_path, compose):
    """Backends where the image has them, the command of Compose, the server of the wheel: the key, and a tile."""
    found, ports = wheel.find(), {name: free_port() for name in ("http", "grpc", "metrics")}
    image = tmp_path / "backends"
    shutil.copytree(found.python_backend, image / "python", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(found.stub, image / "python")
    targets = dict(copied((ROOT / "deploy" / "cpu.Dockerfile").read_text()))
    assert targets["serving/onnxruntime"] == "/opt/tritonserver/backends/onnxruntime"
    shutil.copytree(ROOT / "serving" / "onnxruntime", image / "onnxruntime")
    shutil.copytree(ROOT / targets_of_models(targets), tmp_path / "models")
    _, *options = compose["services"]["triton-cpu"]["command"]
    options = [re.sub(r"\$\{TRITON_ADMIN_KEY.*\}", "word", option) for option in options]
    options = [option.replace("=/models", f"={tmp_path / 'models'}") for option in options]
    command = [str(found.tritonserver), *options, f"--backend-directory={image}"]
    command += [f"--{name}-port={port}" for name, port in ports.items()]
    command += ["--exit-timeout-secs=2"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment(found, Options(ROOT)), stdout=log, stderr=log)
    try:
        with triton.InferenceServerClient(f"127.0.0.1:{ports['grpc']}") as client:
            wait_until_ready(client, server)
            pixels = triton.InferInput("image", [1, 16, 16, 3], "UINT8")
            pixels.set_data_from_numpy(np.zeros((1, 16, 16, 3), np.uint8))
            result = client.infer("enhancer", [pixels], client_timeout=PATIENCE * 60)
            assert result
            assert result.as_numpy("enhanced").shape == (1, 64, 64, 3)  # pyright: ignore[reportOptionalMemberAccess]
            with pytest.raises(triton.InferenceServerException, match="restricted"):
                client.load_model("enhancer")
            client.load_model(
                "enhancer", headers={"triton-grpc-protocol-admin-key": "word"}, client_timeout=PATIENCE * 60
            )
    finally:
        server.terminate()
        server.wait(60)


def wait_until_ready(client: triton.InferenceServerClient, server: subprocess.Popen) -> None:
    """Return once the model answers; fail if the server ends before."""
    while server.poll() is None:
        with contextlib.suppress(triton.InferenceServerException):
            if client.is_model_ready("enhancer", client_timeout=5):
                return
        time.sleep(0.1)
    pytest.fail("tritonserver ended")


def targets_of_models(targets: dict[str, str]) -> str:
    """The folder of the checkout that the image has at /models."""
    (source,) = (source for source, target in targets.items() if target == "/models")
    return source
