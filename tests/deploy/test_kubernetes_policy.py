"""What pods may do, how many there are, and what a drain or a rollout leaves of them."""

import re
from typing import Any

import pytest

from tests.deploy.manifests import INFERENCE, container, pods, policies, rendered, triton
from tests.processes import ROOT


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
def test_a_drain_leaves_all_but_one(manifests, name: str):
    budget = manifests["PodDisruptionBudget", name]["spec"]
    assert budget["maxUnavailable"] == 1 < manifests["ScaledObject", name]["spec"]["minReplicaCount"]
    assert budget["selector"]["matchLabels"] == {"app.kubernetes.io/name": name}


def test_rollouts_start_the_new_before_they_end_the_old(manifests):
    rolling = {"maxUnavailable": 0, "maxSurge": 1}
    for (kind, name), each in manifests.items():
        if kind == "Deployment":
            assert each["spec"]["strategy"] == {"rollingUpdate": rolling}, name
            is_spread(each["spec"]["template"]["spec"], each["spec"]["selector"]["matchLabels"])
        elif kind == INFERENCE:
            predictor = each["spec"]["predictor"]
            assert predictor["deploymentStrategy"] == {"type": "RollingUpdate", "rollingUpdate": rolling}
            is_spread(predictor, predictor["labels"])


def is_spread(pod: dict[str, Any], labels: dict[str, str]) -> None:
    rules = pod["topologySpreadConstraints"]
    assert [rule["topologyKey"] for rule in rules] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    for rule in rules:
        assert rule["labelSelector"] == {"matchLabels": labels}


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


@pytest.mark.parametrize(("overlay", "image"), [("cpu", "triton-cpu"), ("gpu", "triton"), ("kserve", "triton-cpu")])
def test_images_have_a_version(overlay: str, image: str):
    assert container(triton(rendered(overlay)))["image"].startswith(f"resolution-enhancer/{image}:")
    for pod in pods(rendered(overlay)).values():
        assert re.search(r":\d+\.\d+\.\d+$", container(pod)["image"])


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
