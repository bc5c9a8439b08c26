"""The Kubernetes manifests keep to the API's schemas and ask for no more than they need. No cluster runs here."""

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml

from slackbot.inference.endpoint import Endpoint
from tests.processes import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
FILES = sorted(FOLDER.glob("*.yml"))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_objects_keep_to_the_schema(file: Path):
    done = subprocess.run(
        [sys.executable, "-m", "kubernetes_validate", "--strict", file],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_kustomize_lists_every_file():
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    assert set(listed["resources"]) == {file.name for file in FILES}


def deployments(manifests) -> dict[str, dict]:
    return {found["metadata"]["name"]: found["spec"] for found in manifests if found["kind"] == "Deployment"}


@pytest.mark.parametrize("name", ["triton", "bot"])
def test_pods_are_hardened(manifests, name: str):
    pod = deployments(manifests)[name]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)


def test_triton_runs_with_the_options_of_compose(manifests, compose):
    (container,) = deployments(manifests)["triton"]["template"]["spec"]["containers"]
    names = [word.split("admin-key=")[0] for word in container["args"]]
    assert names == [word.split("admin-key=")[0] for word in compose["services"]["triton-gpu"]["command"]]


def test_the_bot_sees_every_triton(manifests):
    (service,) = (found for found in manifests if found["kind"] == "Service")
    assert service["spec"]["clusterIP"] == "None"
    (container,) = deployments(manifests)["bot"]["template"]["spec"]["containers"]
    address = next(variable["value"] for variable in container["env"] if variable["name"] == "TRITON_URL")
    assert address == f"dns:///{service['metadata']['name']}:8001"
    Endpoint(address)


def test_the_autoscaler_owns_the_number_of_tritons(manifests):
    (scaler,) = (found["spec"] for found in manifests if found["kind"] == "HorizontalPodAutoscaler")
    assert scaler["scaleTargetRef"]["name"] == "triton"
    assert "replicas" not in deployments(manifests)["triton"]


@pytest.mark.parametrize("name", ["triton", "bot"])
def test_probes_ask_ports_of_the_container(manifests, name: str):
    (container,) = deployments(manifests)[name]["template"]["spec"]["containers"]
    ports = {port["name"] for port in container["ports"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["port"] in ports


@pytest.mark.system
def test_the_genuine_server_answers_tritons_probes(manifests, triton_server):
    (container,) = deployments(manifests)["triton"]["template"]["spec"]["containers"]
    address = re.findall(r" (http://\S+)", triton_server.ready)[0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        with urllib.request.urlopen(address + container[probe]["httpGet"]["path"], timeout=10) as reply:
            assert reply.status == 200
