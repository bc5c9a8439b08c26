"""The overlays render, and their parts fit together. No cluster runs here."""

import re
import shutil
import subprocess
import urllib.request

import pytest
import yaml

from slackbot.inference.endpoint import Endpoint
from slackbot.settings import variables
from tests.deploy.manifests import FOLDER, OVERLAYS, container, pods, policies, rendered, triton
from tests.processes import PATIENCE, ROOT

ADMIN = (ROOT / "docs" / "admin.md").read_text()


def test_the_overlays_are_all_here():
    assert OVERLAYS == ["cpu", "gpu", "kserve", "oauth"]
    for overlay in OVERLAYS:
        assert f"| [`{overlay}`](../deploy/kubernetes/overlays/{overlay}/" in ADMIN


def test_probes_ask_ports_of_the_container(manifests):
    for name, pod in pods(manifests).items():
        ports = {port["name"] for port in container(pod).get("ports", [])}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert name == "migrate" or container(pod)[probe]["httpGet"]["port"] in ports


def test_a_bot_is_not_started_anew_because_others_are_away(manifests):
    bot = container(pods(manifests)["bot"])
    assert bot["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert bot["readinessProbe"]["httpGet"]["path"] == "/readyz"


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
    assert set(given) <= set(variables())
    assert given["HEALTH_HOST"] == "0.0.0.0"
    sources = [next(iter(each)) for each in container(pods(manifests)["bot"])["envFrom"]]
    assert sources == ["configMapRef", "secretRef"]


@pytest.mark.parametrize("overlay", ["cpu", "oauth"])
def test_secrets_that_an_operator_is_told_to_make_are_settings(overlay: str):
    told = (FOLDER / "overlays" / overlay / "kustomization.yaml").read_text()
    bots = re.search(r"secret generic bot (.*\\\n.*)", told)
    assert bots
    given = dict(re.findall(r"--from-literal=(\w+)=(\S+)", bots[1]))
    assert set(given) <= set(variables())
    assert given["DATABASE_URL"].startswith("postgresql://"), "several bots share no file"
    assert ("SLACK_BOT_TOKEN" in given) != ("SLACK_CLIENT_ID" in given)


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


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_command_of_the_guide_names_another_namespace(overlay: str, tmp_path):
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    (command,) = re.findall(r"^find deploy .*$", ADMIN, re.MULTILINE)
    subprocess.run(["sh", "-c", command.replace("NAME", "photos")], cwd=tmp_path, check=True)
    found = rendered(overlay, tmp_path / "deploy" / "kubernetes")
    assert ("Namespace", "photos") in found
    assert {each["metadata"].get("namespace") for (kind, _), each in found.items() if kind != "Namespace"} == {"photos"}
    assert set(re.findall(r'namespace="(\w+)"', str(found))) == {"photos"}
    alerts = yaml.safe_load((tmp_path / "deploy" / "monitoring" / "alerts.yml").read_text())
    assert found["PrometheusRule", "enhancer"]["spec"] == alerts
    assert {rule["labels"]["namespace"] for group in alerts["groups"] for rule in group["rules"]} == {"photos"}


def test_an_upgrade_by_the_guide_rolls_out_what_it_builds(tmp_path):
    built = dict(re.findall(r"docker build -f (\S+) -t (\S+) \. && docker push \2", ADMIN))
    assert built == {"deploy/bot.Dockerfile": "REGISTRY/bot:TAG", "deploy/cpu.Dockerfile": "REGISTRY/triton-cpu:TAG"}
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    overlays = tmp_path / "deploy" / "kubernetes" / "overlays"
    (images,) = re.findall(r"^```yaml\n(images:\n.*?)^```", ADMIN, re.MULTILINE | re.DOTALL)
    file = overlays / "cpu" / "kustomization.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | yaml.safe_load(images)))
    for overlay in ("cpu", "oauth"):
        found = pods(rendered(overlay, overlays.parent))
        assert {name: container(pod)["image"] for name, pod in found.items()} == {
            "bot": built["deploy/bot.Dockerfile"],
            "migrate": built["deploy/bot.Dockerfile"],
            "triton": built["deploy/cpu.Dockerfile"],
        }


def test_the_guide_deletes_and_restarts_what_is_there():
    named = set(re.findall(r"kubectl -n enhancer (?:delete|rollout restart) (job|deployment)[ /]([\w-]+)", ADMIN))
    assert named == {("job", "migrate"), ("deployment", "bot"), ("deployment", "triton")}
    assert {(kind.capitalize(), name) for kind, name in named} <= set(rendered("cpu"))
    of_kserve = rendered("kserve")["ScaledObject", "triton"]["spec"]["scaleTargetRef"]["name"]
    assert f"(with KServe `deployment/{of_kserve}`)" in ADMIN


@pytest.mark.system
def test_the_genuine_server_answers_tritons_probes(triton_server):
    address = re.findall(r" (http://\S+)", triton_server.ready)[0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        path = container(triton(rendered("cpu")))[probe]["httpGet"]["path"]
        with urllib.request.urlopen(address + path, timeout=PATIENCE * 10) as reply:
            assert reply.status == 200
