"""Every overlay renders, keeps to the schemas, and asks for no more than it needs. No cluster runs here."""

import functools
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject
from cloudcoil.models.prometheus_operator.v1 import PrometheusRule, ServiceMonitor

from slackbot.inference.endpoint import Endpoint
from slackbot.settings import variables
from tests.processes import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = sorted(folder.name for folder in (FOLDER / "overlays").iterdir())
CUSTOM = {"ScaledObject": ScaledObject, "ServiceMonitor": ServiceMonitor, "PrometheusRule": PrometheusRule}
PLANNED = {"WORK_FOLDER"}
"""Settings that are asked for, and may come to the bot later than these files."""
INFERENCE = "InferenceService"
Manifests = dict[tuple[str, str], dict[str, Any]]


@functools.cache
def rendered(overlay: str) -> Manifests:
    """The objects of an overlay by kind and name, as `kubectl apply -k` would send them."""
    done = subprocess.run(
        [Path(sys.executable).with_name("kubectl"), "kustomize", FOLDER / "overlays" / overlay],
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


@pytest.fixture(params=OVERLAYS)
def manifests(request: pytest.FixtureRequest) -> Manifests:
    return rendered(request.param)


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


def test_the_overlays_are_all_here():
    assert OVERLAYS == ["cpu", "gpu", "kserve", "oauth"]


def test_built_in_objects_keep_to_the_schema(manifests, tmp_path):
    ours = [each for (kind, _), each in manifests.items() if kind not in (*CUSTOM, INFERENCE)]
    (tmp_path / "all.yml").write_text(yaml.safe_dump_all(ours))
    done = subprocess.run(
        [sys.executable, "-m", "kubernetes_validate", "--strict", tmp_path / "all.yml"],
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


def test_an_inference_service_has_what_kserve_needs():
    """Its schema is in no package without a hundred others, so this is by hand, from KServe's documentation."""
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


def test_pods_are_hardened(manifests):
    for name, pod in pods(manifests).items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert container(pod)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container(pod)["resources"]["limits"]["memory"]
        assert name == "migrate" or {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container(pod))
    labels = manifests["Namespace", "enhancer"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_probes_ask_ports_of_the_container(manifests):
    for name, pod in pods(manifests).items():
        ports = {port["name"] for port in container(pod).get("ports", [])}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert name == "migrate" or container(pod)[probe]["httpGet"]["port"] in ports


def test_triton_runs_with_the_options_of_compose_but_for_the_address_of_http(manifests, compose):
    ours = [word.split("admin-key=")[0] for word in container(triton(manifests))["args"]]
    theirs = [word.split("admin-key=")[0] for word in compose["services"]["triton-gpu"]["command"]]
    assert [word.replace("--http-address=0.0.0.0", "--http-address=127.0.0.1") for word in ours] == theirs


def test_the_bot_sees_every_triton(manifests):
    service = manifests["Service", "triton"]
    assert service["spec"]["clusterIP"] == "None"
    address = manifests["ConfigMap", "bot"]["data"]["TRITON_URL"]
    assert address == "dns:///triton:8001"
    Endpoint(address)


def test_settings_of_the_bot_exist(manifests):
    given = manifests["ConfigMap", "bot"]["data"]
    assert set(given) <= set(variables()) | PLANNED
    assert given["HEALTH_HOST"] == "0.0.0.0"
    sources = [next(iter(each)) for each in container(pods(manifests)["bot"])["envFrom"]]
    assert sources == ["configMapRef", "secretRef"]


def test_what_the_bot_writes_lies_on_a_volume(manifests):
    pod = pods(manifests)["bot"]
    mounts = [mount["mountPath"] for mount in container(pod)["volumeMounts"]]
    assert set(mounts) == {"/var/lib/enhancer", "/tmp"}
    assert manifests["ConfigMap", "bot"]["data"]["WORK_FOLDER"].startswith("/var/lib/enhancer/")
    assert (
        re.findall(r"^WORKDIR (.*)$", (ROOT / "deploy/bot.Dockerfile").read_text(), re.MULTILINE)[-1]
        == "/var/lib/enhancer"
    )


@pytest.mark.parametrize("name", ["bot", "triton"])
def test_both_are_scaled_by_the_depth_and_the_age_of_the_queue(manifests, name: str):
    spec = manifests["ScaledObject", name]["spec"]
    queries = {each["name"]: (each["metricType"], each["metadata"]["query"]) for each in spec["triggers"]}
    assert queries == {
        "depth": ("AverageValue", 'max(enhancer_queue_depth{namespace="enhancer"})'),
        "age": ("Value", 'max(enhancer_oldest_job_seconds{namespace="enhancer"})'),
    }
    assert 2 <= spec["minReplicaCount"] < spec["maxReplicaCount"]
    target = spec["scaleTargetRef"]["name"]
    assert "replicas" not in manifests.get(("Deployment", target), {"spec": {}})["spec"], "the autoscaler owns it"


def test_socket_mode_leaves_a_connection_for_the_rollout():
    assert rendered("cpu")["ScaledObject", "bot"]["spec"]["maxReplicaCount"] + 1 <= 10
    assert rendered("oauth")["ScaledObject", "bot"]["spec"]["maxReplicaCount"] > 10, "HTTP mode has no such limit"


@pytest.mark.parametrize("name", ["bot", "triton"])
def test_a_drain_leaves_all_but_one(manifests, name: str):
    budget = manifests["PodDisruptionBudget", name]["spec"]
    assert budget["maxUnavailable"] == 1 < manifests["ScaledObject", name]["spec"]["minReplicaCount"]
    assert budget["selector"]["matchLabels"] == {"app.kubernetes.io/name": name}


def test_rollouts_start_the_new_before_they_end_the_old(manifests):
    for (kind, name), each in manifests.items():
        if kind == "Deployment":
            assert each["spec"]["strategy"] == {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}, name
            spread = each["spec"]["template"]["spec"]["topologySpreadConstraints"]
            assert [rule["topologyKey"] for rule in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
            for rule in spread:
                assert rule["labelSelector"] == each["spec"]["selector"]


def policies(manifests: Manifests) -> dict[str, dict[str, Any]]:
    return {name: each["spec"] for (kind, name), each in manifests.items() if kind == "NetworkPolicy"}


def test_everything_is_closed_but_what_is_opened(manifests):
    found = policies(manifests)
    assert found["closed"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert found["triton"]["egress"] == [], "Triton calls nobody"
    ports = [rule["ports"][0]["port"] for rule in found["bot"]["egress"]]
    assert ports == [8001, 443]
    (slack,) = found["bot"]["egress"][1]["to"]
    assert {"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"} < set(slack["ipBlock"]["except"])
    for name in ("bot", "migrate"):
        key = ("Deployment", name) if name == "bot" else ("Job", name)
        assert manifests[key]["spec"]["template"]["metadata"]["labels"]["needs"] == "names"


def test_the_migration_ends_and_is_cleared_away(manifests):
    job = manifests["Job", "migrate"]["spec"]
    assert job["ttlSecondsAfterFinished"]
    assert job["activeDeadlineSeconds"]
    assert container(job["template"]["spec"])["image"] == container(pods(manifests)["bot"])["image"]


def test_gpus_share_the_engines():
    found = rendered("gpu")
    pod = pods(found)["triton"]
    assert container(pod)["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert found["PersistentVolumeClaim", "engines"]["spec"]["accessModes"] == ["ReadWriteMany"]
    assert {"name": "engines", "persistentVolumeClaim": {"claimName": "engines"}} in pod["volumes"]
    cache = re.search(
        r'"trt_engine_cache_path" value: "(.*?)"', (ROOT / "model_repository/enhancer/config.pbtxt").read_text()
    )
    assert cache
    assert {"name": "engines", "mountPath": cache[1]} in container(pod)["volumeMounts"]


@pytest.mark.parametrize(("overlay", "image"), [("cpu", "triton-cpu"), ("gpu", "triton"), ("kserve", "triton-cpu")])
def test_images_have_a_version(overlay: str, image: str):
    assert container(triton(rendered(overlay)))["image"].startswith(f"resolution-enhancer/{image}:")
    for pod in pods(rendered(overlay)).values():
        assert re.search(r":\d+\.\d+\.\d+$", container(pod)["image"])


def test_slack_reaches_the_bot_over_https():
    found = rendered("oauth")
    (rule,) = found["Ingress", "events"]["spec"]["rules"]
    assert found["Ingress", "events"]["spec"]["tls"][0]["hosts"] == [rule["host"]]
    (path,) = rule["http"]["paths"]
    (port,) = found["Service", "events"]["spec"]["ports"]
    assert (path["path"], path["backend"]["service"]) == ("/slack", {"name": "events", "port": {"name": port["name"]}})
    assert {"name": port["targetPort"], "containerPort": 3000} in container(pods(found)["bot"])["ports"]
    assert found["ConfigMap", "bot"]["data"]["EVENTS_PORT"] == "3000"
    (ingress,) = policies(found)["events"]["ingress"]
    assert ingress["ports"] == [{"port": 3000}]


def test_prometheus_finds_every_pod_under_the_job_of_the_alerts(manifests):
    for name in ("bot", "triton"):
        monitor, service = manifests["ServiceMonitor", name]["spec"], manifests["Service", name]
        assert monitor["jobLabel"] in service["metadata"]["labels"]
        assert service["metadata"]["labels"][monitor["jobLabel"]] == name
        assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert monitor["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}


def test_the_alerts_are_those_of_compose(manifests, monitoring):
    assert manifests["PrometheusRule", "enhancer"]["spec"] == yaml.safe_load((monitoring / "alerts.yml").read_text())


@pytest.mark.system
def test_the_genuine_server_answers_tritons_probes(triton_server):
    address = re.findall(r" (http://\S+)", triton_server.ready)[0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        path = container(triton(rendered("cpu")))[probe]["httpGet"]["path"]
        with urllib.request.urlopen(address + path, timeout=10) as reply:
            assert reply.status == 200
