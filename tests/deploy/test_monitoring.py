"""The dashboard and the alerts ask for metrics that exist."""

import json
import re
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import prometheus_client
import promql_parser
import pytest
import tritonclient.grpc
import yaml

import slackbot.ops.metrics
from tests.deploy.manifests import rendered
from tests.deploy.prometheus import Prometheus, alertmanager, promtool
from tests.processes import PATIENCE, ROOT, Triton

EVERYWHERE = {"up", "ALERTS"}  # Prometheus has them by itself
ONLY_WITH_A_GPU = {"nv_gpu_utilization", "nv_gpu_memory_used_bytes", "nv_gpu_memory_total_bytes"}


@pytest.fixture(scope="module")
def dashboard(monitoring) -> dict[str, Any]:
    return json.loads((monitoring / "dashboards" / "enhancer.json").read_text())


@pytest.fixture(scope="module")
def questions(monitoring, dashboard) -> list[str]:
    """Every PromQL expression: of the dashboard, the alerts and the autoscalers."""
    alerts = yaml.safe_load((monitoring / "alerts.yml").read_text())
    return [
        *(target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])),
        *(rule["expr"] for group in alerts["groups"] for rule in group["rules"]),
        *scaling(),
    ]


def scaling() -> set[str]:
    """What KEDA asks Prometheus."""
    scalers = [each for (kind, _), each in rendered("cpu").items() if kind == "ScaledObject"]
    return {trigger["metadata"]["query"] for each in scalers for trigger in each["spec"]["triggers"]}


def rules(monitoring: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load((monitoring / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def metrics_of_the_bot() -> None:
    """Some of each, as a bot at work has."""
    ours = slackbot.ops.metrics
    ours.JOBS.labels("enhanced").inc(5)
    ours.JOBS.labels("failed").inc()
    ours.REPLY_SECONDS.observe(7)
    ours.STEP_SECONDS.labels("enhance").observe(2)
    ours.FALLBACKS.inc()
    ours.TILE_SECONDS.labels("127.0.0.1:8001").observe(0.2)


def ask_for_a_tile(server: Triton) -> None:
    with tritonclient.grpc.InferenceServerClient(server.ready.split("grpc://")[1].split()[0]) as client:
        pixels = tritonclient.grpc.InferInput("image", [1, 16, 16, 3], "UINT8")
        pixels.set_data_from_numpy(np.zeros((1, 16, 16, 3), np.uint8))
        client.infer("enhancer", [pixels], client_timeout=PATIENCE * 60)


def metrics(expression: str) -> set[str]:
    """The metrics that an expression selects; raises ValueError where it is no PromQL."""
    return {name for name, _ in selectors(expression)}


def selectors(expression: str) -> list[tuple[str, str]]:
    """(metric, matchers of its labels) of each selector; raises ValueError where the expression is no PromQL."""
    tree = promql_parser.parse(expression.replace("$__rate_interval", "1m"))
    return re.findall(r"\b((?:nv|enhancer)_\w+|up\b|ALERTS\b)({.*?})?", tree.prettify())


def of_the_bot() -> set[str]:
    names = set()
    for family in prometheus_client.REGISTRY.collect():
        names |= {family.name, *(f"{family.name}{suffix}" for suffix in ("_total", "_bucket", "_sum", "_count"))}
    return names


def test_every_question_asks_for_metrics_of_ours(questions):
    assert len(questions) > 15
    bot = of_the_bot()
    for question in questions:
        asked = metrics(question)
        assert asked, question
        for name in asked - EVERYWHERE:
            assert name.startswith("nv_") or name in bot, name


def test_every_question_asks_for_series_of_one_namespace(questions):
    """In a cluster others may have a Triton, a job of that name, or another of these bots."""
    for question in questions:
        for metric, labels in selectors(question):
            assert 'namespace="enhancer"' in labels, f"{metric} in {question}"


@pytest.mark.system
def test_the_genuine_tritonserver_has_what_is_asked_of_it(questions, triton_server):
    address = re.findall(r"metrics (\S+)", triton_server.ready)[0]
    with urllib.request.urlopen(address, timeout=PATIENCE * 10) as answer:
        page = answer.read().decode()
    described = set(re.findall(r"^# TYPE (\w+)", page, re.MULTILINE))
    asked = {name for question in questions for name in metrics(question) if name.startswith("nv_")}
    assert asked
    assert asked - ONLY_WITH_A_GPU <= described


@pytest.mark.system
def test_a_genuine_prometheus_answers_every_question(questions, monitoring, triton_server, tmp_path):
    """Over the pages of a genuine tritonserver and of the bot's metrics: no error, and data where there is any."""
    triton = re.findall(r"metrics http://([^/\s]+)", triton_server.ready)[0]
    ask_for_a_tile(triton_server)
    metrics_of_the_bot()
    bot, thread = prometheus_client.start_http_server(0, addr="127.0.0.1")
    alerts = {rule["alert"]: rule["expr"] for rule in rules(monitoring)}
    jobs = {"triton": triton, "bot": f"127.0.0.1:{bot.server_port}"}
    try:
        with Prometheus(tmp_path, monitoring / "alerts.yml", jobs) as prometheus:
            prometheus.wait_for(f"count(up == 1) == {len(jobs)}")
            prometheus.wait_for("count_over_time(enhancer_queue_depth[1m]) > 3")
            for question in questions:
                answer = prometheus.ask(question.replace("$__rate_interval", "1m"))
                quiet = metrics(question) & {*ONLY_WITH_A_GPU, "ALERTS"} or question in alerts.values()
                assert answer or quiet, f"nothing for {question}"
            while "unknown" in prometheus.alerts.values():
                time.sleep(0.2)  # not evaluated yet
            assert prometheus.alerts == dict.fromkeys(alerts, "ok")
    finally:
        bot.shutdown()
        bot.server_close()
        thread.join()


@pytest.mark.system
def test_a_genuine_prometheus_sends_alerts_to_the_alertmanager_that_a_file_names(tmp_path):
    """As the admin guide says; without such a file nobody hears of them."""
    (tmp_path / "rules.yml").write_text("groups: [{name: test, rules: [{alert: Always, expr: vector(1)}]}]")
    (tmp_path / "alertmanagers").mkdir()
    told, _ = told_by_the_guide()
    with alertmanager() as (address, received):
        (named,) = told
        named["targets"] = [address]
        (tmp_path / "alertmanagers" / "ours.yml").write_text(yaml.safe_dump(told))
        with Prometheus(tmp_path, tmp_path / "rules.yml", {}) as prometheus:
            prometheus.wait_for("ALERTS")
            alerts = received.get(timeout=PATIENCE * 30)
    assert {alert["labels"]["alertname"] for alert in alerts} == {"Always"}


def test_prometheus_reaches_an_alertmanager_by_the_network_that_the_guide_adds(compose, monitoring):
    assert (monitoring / "alertmanagers").is_dir(), "a folder that is not there is not watched"
    _, override = told_by_the_guide()
    ((name, added),) = override["services"].items()
    assert list(added) == ["networks"], "no port is opened"
    assert all(compose["networks"][network]["internal"] for network in compose["services"][name]["networks"])
    assert all("internal" not in compose["networks"][network] for network in added["networks"])


def told_by_the_guide() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The admin guide's file for Prometheus that names an Alertmanager, and its override for Compose."""
    section = (ROOT / "docs" / "admin.md").read_text().split("\n## Alerts\n")[1].split("\n## ")[0]
    targets, override = map(yaml.safe_load, re.findall(r"^```yaml\n(.*?)^```", section, re.MULTILINE | re.DOTALL))
    return targets, override


def test_each_alert_fires_when_it_should_and_not_before(monitoring):
    """promtool plays the series of alerts_test.yml through the rules."""
    done = subprocess.run(
        [promtool(), "test", "rules", Path(__file__).with_name("alerts_test.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    played = yaml.safe_load(Path(__file__).with_name("alerts_test.yml").read_text())["tests"]
    expected = {each["alertname"] for test in played for each in test["alert_rule_test"] if each["exp_alerts"]}
    assert expected == {rule["alert"] for rule in rules(monitoring)}


def test_every_alert_says_how_bad_it_is_and_whose(monitoring):
    for rule in rules(monitoring):
        assert rule["labels"]["namespace"] == "enhancer", rule["alert"]
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert rule["annotations"]["summary"].endswith(".")


def test_the_dashboard_shows_what_the_operator_must_see(dashboard):
    titles = {panel["title"] for panel in dashboard["panels"]}
    assert {
        "Where a request's time goes", "Batch size", "Photos without the model", "Job step latency, p95",
        "Jobs waiting or at work", "Queue over compute", "Refusals a minute", "Seconds for a tile, by server, p95",
        "Seconds until the reply", "Age of the oldest job", "Jobs in other hands", "Share of jobs that fail",
        "Calls that Slack refuses, a minute",
    } <= titles  # fmt: skip
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert len({(place["x"], place["y"]) for place in places}) == len(places)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(places)


def test_the_dashboard_says_what_replicas_are_scaled_by(dashboard):
    shown = {panel["title"]: {target["expr"] for target in panel.get("targets", [])} for panel in dashboard["panels"]}
    said = {panel["title"] for panel in dashboard["panels"] if "scaled by it" in panel.get("description", "")}
    assert said == {title for title, asked in shown.items() if asked & scaling()}
    assert set().union(*(shown[title] for title in said)) == scaling()


def test_the_dashboard_says_how_many_requests_wait_at_most(dashboard):
    config = (ROOT / "model_repository" / "enhancer" / "config.pbtxt").read_text()
    (most,) = re.findall(r"max_queue_size: (\d+)", config)
    (said,) = [panel["description"] for panel in dashboard["panels"] if panel["title"] == "Requests waiting"]
    assert said.startswith(f"{most} waiting: ")


def test_provisioning_finds_the_dashboard_and_the_prometheus_of_compose(compose, monitoring, dashboard):
    folder = monitoring / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in compose["services"]
    uids = {target["datasource"]["uid"] for panel in dashboard["panels"] for target in panel.get("targets", [])}
    assert uids == {source["uid"]}
    (provider,) = yaml.safe_load((folder / "dashboards" / "enhancer.yml").read_text())["providers"]
    mounted = dict(volume.split(":")[1::-1] for volume in compose["services"]["grafana"]["volumes"])
    assert mounted[provider["options"]["path"]] == "./deploy/monitoring/dashboards"


def test_prometheus_finds_its_configuration_and_the_alerts_where_compose_mounts_them(compose, monitoring):
    service = compose["services"]["prometheus"]
    (inside,) = [Path(word.split("=")[1]) for word in service["command"] if word.startswith("--config.file=")]
    mounted = dict(volume.split(":")[1::-1] for volume in service["volumes"])
    config = ROOT / mounted[str(inside.parent)] / inside.name
    assert config == monitoring / "prometheus.yml"
    done = subprocess.run([promtool(), "check", "config", config], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules(monitoring))} rules found" in done.stdout


def test_prometheus_asks_the_services_of_compose(compose, monitoring):
    jobs = yaml.safe_load((monitoring / "prometheus.yml").read_text())["scrape_configs"]
    asked = {job["job_name"]: job["static_configs"] for job in jobs}
    bot, labels = compose["services"]["bot"]["environment"], {"namespace": "enhancer"}
    assert asked == {
        "triton": [{"targets": ["triton:8002"], "labels": labels}],
        "bot": [{"targets": [f"bot:{bot['HEALTH_PORT']}"], "labels": labels}],
    }
