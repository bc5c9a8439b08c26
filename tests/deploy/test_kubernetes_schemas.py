"""Every object keeps to the schema of its kind, and has no field that the schema does not know."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject
from cloudcoil.models.prometheus_operator.v1 import PrometheusRule, ServiceMonitor

from tests.deploy.manifests import INFERENCE, container, rendered

CUSTOM = {"ScaledObject": ScaledObject, "ServiceMonitor": ServiceMonitor, "PrometheusRule": PrometheusRule}


def test_built_in_objects_keep_to_the_schema(manifests, tmp_path):
    keeps_to_the_schema([each for (kind, _), each in manifests.items() if kind not in (*CUSTOM, INFERENCE)], tmp_path)


def keeps_to_the_schema(objects: list[dict[str, Any]], folder: Path) -> None:
    (folder / "all.yml").write_text(yaml.safe_dump_all(objects))
    done = subprocess.run(
        [sys.executable, "-m", "kubernetes_validate", "--strict", folder / "all.yml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def strict(model: type, given: dict[str, Any]) -> None:
    """Raise ValueError unless the schema takes it and knows every field of it."""
    kept = model.model_validate(given).model_dump(by_alias=True, exclude_unset=True, mode="json")
    left = sorted(lost(given, kept))
    if left:
        raise ValueError(f"the schema has no {', '.join(left)}")


def lost(given: Any, kept: Any, path: str = "") -> list[str]:
    if isinstance(given, dict) and isinstance(kept, dict):
        gone = [f"{path}.{name}" for name in given if name not in kept]
        return gone + [
            each for name in given if name in kept for each in lost(given[name], kept[name], f"{path}.{name}")
        ]
    if isinstance(given, list) and isinstance(kept, list):
        return [each for i, pair in enumerate(zip(given, kept, strict=True)) for each in lost(*pair, f"{path}[{i}]")]
    return []


def test_custom_objects_keep_to_the_schema(manifests):
    ours = [(CUSTOM[kind], each) for (kind, _), each in manifests.items() if kind in CUSTOM]
    assert len(ours) == 5
    for model, each in ours:
        strict(model, each)


def test_the_check_of_custom_objects_sees_a_wrong_field():
    right = rendered("cpu")["ScaledObject", "bot"]
    with pytest.raises(ValueError, match=r"the schema has no \.spec\.cooldown"):
        strict(ScaledObject, {**right, "spec": {**right["spec"], "cooldown": 3}})
    with pytest.raises(ValueError, match="scaleTargetRef"):
        strict(ScaledObject, {**right, "spec": {"triggers": []}})


def test_the_pods_of_an_inference_service_keep_to_the_schema(tmp_path):
    """As the Deployment that KServe makes of them."""
    predictor = dict(rendered("kserve")[INFERENCE, "enhancer"]["spec"]["predictor"])
    labels, replicas, strategy = (predictor.pop(name) for name in ("labels", "minReplicas", "deploymentStrategy"))
    template = {"metadata": {"labels": labels}, "spec": predictor}
    spec = {"selector": {"matchLabels": labels}, "replicas": replicas, "strategy": strategy, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "enhancer"}, "spec": spec}
    keeps_to_the_schema([deployment], tmp_path)


def test_an_inference_service_has_what_kserve_needs():
    """What is KServe's own is by hand, from its documentation: its schema is in no package without a hundred others."""
    service = rendered("kserve")[INFERENCE, "enhancer"]
    assert service["apiVersion"] == "serving.kserve.io/v1beta1"
    assert service["metadata"]["annotations"] == {
        "serving.kserve.io/deploymentMode": "Standard",
        "serving.kserve.io/autoscalerClass": "external",
    }
    predictor, plain = service["spec"]["predictor"], rendered("cpu")["Deployment", "triton"]["spec"]["template"]
    assert container(predictor)["name"] == "kserve-container"
    assert predictor["labels"] == plain["metadata"]["labels"]
    for field in ("args", "env", "ports", "securityContext", "startupProbe", "readinessProbe", "livenessProbe", "image",
                  "resources", "volumeMounts", "lifecycle"):  # fmt: skip
        assert container(predictor)[field] == container(plain["spec"])[field], field
    assert predictor["volumes"] == plain["spec"]["volumes"]
    assert ("Deployment", "triton") not in rendered("kserve")
    scaler = rendered("kserve")["ScaledObject", "triton"]["spec"]
    assert scaler["scaleTargetRef"]["name"] == "enhancer-predictor"
