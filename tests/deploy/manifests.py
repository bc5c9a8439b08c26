"""The overlays of deploy/kubernetes as `kubectl apply -k` would send them."""

import functools
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.processes import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = sorted(folder.name for folder in (FOLDER / "overlays").iterdir())
INFERENCE = "InferenceService"
Manifests = dict[tuple[str, str], dict[str, Any]]


@functools.cache
def rendered(overlay: str, folder: Path = FOLDER) -> Manifests:
    """The objects of an overlay by kind and name, as `kubectl apply -k` would send them."""
    done = subprocess.run(
        [Path(sys.executable).with_name("kubectl"), "kustomize", folder / "overlays" / overlay],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stderr, "a warning"
    objects = list(yaml.safe_load_all(done.stdout))
    found = {(each["kind"], generic(each["metadata"]["name"])): each for each in objects}
    assert len(found) == len(objects)
    return found


def generic(name: str) -> str:
    """The name without the digest of its content that kustomize adds."""
    return re.sub(r"-[0-9a-z]{10}$", "", name)


def pods(manifests: Manifests) -> dict[str, dict[str, Any]]:
    """The pod specs by the name of what makes them."""
    found = {
        name: each["spec"]["template"]["spec"]
        for (kind, name), each in manifests.items()
        if kind in ("Deployment", "Job")
    }
    services = {name: each["spec"]["predictor"] for (kind, name), each in manifests.items() if kind == INFERENCE}
    return found | services


def container(pod: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod["containers"]
    return only


def triton(manifests: Manifests) -> dict[str, Any]:
    found = pods(manifests)
    return found["triton"] if "triton" in found else found["enhancer"]


def policies(manifests: Manifests) -> dict[str, dict[str, Any]]:
    return {name: each["spec"] for (kind, name), each in manifests.items() if kind == "NetworkPolicy"}
