"""docker-compose.yml keeps to the Compose schema and to what an operator may trust. No engine runs here."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from serving import wheel
from serving.server import environment
from tests.processes import ROOT

COMPOSE = ROOT / "docker-compose.yml"
SERVICES = sorted(yaml.safe_load(COMPOSE.read_text())["services"])
TRITON = ["triton-cpu", "triton-gpu"]
RESTRICTED = {"model-repository", "shared-memory", "trace", "logging"}


def options(service: dict) -> list[str]:
    """The long options of a service's command, by name."""
    return [word for word in service["command"] if word.startswith("--") and word != "--"]


def test_the_file_keeps_to_the_compose_schema():
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened(compose, name: str):
    service = compose["services"][name]
    user, _, _ = service["user"].partition(":")
    assert int(user) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")
    limits = service["deploy"]["resources"]["limits"]
    assert limits["memory"]
    assert limits["pids"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"
    assert not any("docker.sock" in volume for volume in service["volumes"])
    for volume in service["volumes"]:
        source, _, mode = volume.partition(":")
        assert mode.endswith(":ro") or source in compose["volumes"], f"{volume} may be written"


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_or_built_here(compose, name: str):
    service = compose["services"][name]
    if "build" in service:
        assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    else:
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_exists(compose, name: str):
    for volume in compose["services"][name]["volumes"]:
        source = volume.split(":")[0]
        assert source in compose["volumes"] or (ROOT / source).exists(), source


def test_only_the_dashboard_is_published_and_only_on_loopback(compose):
    published = {name: service["ports"] for name, service in compose["services"].items() if service.get("ports")}
    assert published == {"grafana": ["127.0.0.1:3000:3000"]}


@pytest.mark.parametrize("name", TRITON)
def test_triton_is_reached_by_its_neighbours_alone(compose, name: str):
    networks = compose["services"][name]["networks"]
    assert networks == {"inference": {"aliases": ["triton"]}}
    assert compose["networks"]["inference"]["internal"] is True
    assert "inference" in compose["services"]["bot"]["networks"]
    assert compose["services"]["bot"]["environment"]["TRITON_URL"] == "triton:8001"


@pytest.mark.parametrize("name", TRITON)
def test_control_of_triton_needs_the_key(compose, name: str):
    given = dict(option.removeprefix("--").split("=", 1) for option in options(compose["services"][name]))
    for option in ("http-restricted-api", "grpc-restricted-protocol"):
        interfaces, _, key = given[option].partition(":")
        assert set(interfaces.split(",")) == RESTRICTED
        assert key.startswith("admin-key=${TRITON_ADMIN_KEY:?"), "no key, no start"


def test_the_gpu_serves_the_version_of_the_wheel_under_explicit_control(compose):
    service = compose["services"]["triton-gpu"]
    assert {"--model-control-mode=explicit", "--load-model=enhancer"} < set(options(service))
    dockerfile = (ROOT / service["build"]["dockerfile"]).read_text()
    assert "FROM nvcr.io/nvidia/tritonserver:24.10-py3\n" in dockerfile
    (device,) = service["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert service["shm_size"]
    assert {"memlock", "stack"} <= set(service["ulimits"])
    cache = re.findall(r'"trt_engine_cache_path" value: "(.*?)"', config())
    assert [volume.split(":")[1] for volume in service["volumes"] if volume.startswith("engines:")] == cache


def config() -> str:
    return (ROOT / "model_repository" / "enhancer" / "config.pbtxt").read_text()


@pytest.mark.parametrize("name", TRITON)
def test_the_genuine_tritonserver_knows_every_option(compose, name: str):
    """The wheel carries the version of the container."""
    found = wheel.find()
    known = subprocess.run(
        [found.tritonserver, "--help"], env=environment(found, None), capture_output=True, text=True, check=False
    )
    for option in options(compose["services"][name]):
        assert f"{option.split('=')[0]} <" in known.stdout + known.stderr


def test_profiles_run_one_triton_or_the_other(compose):
    profiles = {name: service.get("profiles") for name, service in compose["services"].items()}
    assert profiles == {
        "bot": None,
        "triton-gpu": ["gpu"],
        "triton-cpu": ["cpu"],
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
    }


@pytest.mark.parametrize("file", sorted((ROOT / "deploy").glob("*.Dockerfile")), ids=lambda path: path.name)
def test_images_install_what_is_locked_and_run_as_nobody_special(file: Path):
    text = file.read_text()
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1:] not in ([], ["root"])
    assert "torch" not in text
    assert not re.findall(r"^ADD ", text, re.MULTILINE)
    assert re.findall(r"^FROM \S+:[\w.-]*\d[\w.-]*$", text, re.MULTILINE), "a base image of a version"
    for install in re.findall(r"pip install (.*)", text):
        assert "--require-hashes" in install
    for *sources, _ in (shlex.split(line)[1:] for line in re.findall(r"^COPY .*$", text, re.MULTILINE)):
        for source in (word for word in sources if not word.startswith("--")):
            assert (ROOT / source).exists(), source
            assert f"!{source.split('/')[0]}" in (ROOT / ".dockerignore").read_text().splitlines()


def test_secrets_stay_out_of_the_images():
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_the_sample_of_the_settings_has_what_compose_asks_for():
    """Empty in the sample, the key stops `docker compose up` with its own sentence until it is chosen."""
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    sample = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / ".env.sample").read_text(), re.MULTILINE))
    assert asked == {"TRITON_ADMIN_KEY"}
    assert sample["TRITON_ADMIN_KEY"] == ""
    assert sample["COMPOSE_PROFILES"] == "gpu"
