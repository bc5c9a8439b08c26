"""The dashboard and the alerts ask for metrics that exist."""

import json
import re
import urllib.request
from typing import Any

import prometheus_client
import promql_parser
import pytest
import yaml

import slackbot.ops.metrics  # noqa: F401 - its metrics are in the registry from then on

EVERYWHERE = {"up"}
ONLY_WITH_A_GPU = {"nv_gpu_utilization", "nv_gpu_memory_used_bytes", "nv_gpu_memory_total_bytes"}


@pytest.fixture(scope="module")
def dashboard(monitoring) -> dict[str, Any]:
    return json.loads((monitoring / "dashboards" / "enhancer.json").read_text())


@pytest.fixture(scope="module")
def questions(monitoring, dashboard) -> list[str]:
    """Every PromQL expression."""
    alerts = yaml.safe_load((monitoring / "alerts.yml").read_text())
    return [
        *(target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])),
        *(rule["expr"] for group in alerts["groups"] for rule in group["rules"]),
    ]


def metrics(expression: str) -> set[str]:
    """The metrics that an expression selects; raises ValueError where it is no PromQL."""
    tree = promql_parser.parse(expression.replace("$__rate_interval", "1m"))
    return set(re.findall(r"\b(?:nv|enhancer)_\w+|\bup\b", tree.prettify()))


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


@pytest.mark.system
def test_the_genuine_tritonserver_has_what_is_asked_of_it(questions, triton_server):
    address = re.findall(r"metrics (\S+)", triton_server.ready)[0]
    page = urllib.request.urlopen(address, timeout=10).read().decode()
    described = set(re.findall(r"^# TYPE (\w+)", page, re.MULTILINE))
    asked = {name for question in questions for name in metrics(question) if name.startswith("nv_")}
    assert asked
    assert asked - ONLY_WITH_A_GPU <= described


def test_the_dashboard_shows_what_the_operator_must_see(dashboard):
    titles = {panel["title"] for panel in dashboard["panels"]}
    assert {
        "Where a request's time goes", "Batch size", "Photos without the model", "Job step latency, p95",
        "Jobs waiting or at work", "Queue over compute",
    } <= titles  # fmt: skip
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert len({(place["x"], place["y"]) for place in places}) == len(places)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(places)


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


def test_prometheus_asks_the_services_of_compose(compose, monitoring):
    jobs = yaml.safe_load((monitoring / "prometheus.yml").read_text())["scrape_configs"]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in jobs}
    bot = compose["services"]["bot"]["environment"]
    assert targets == {"triton": ["triton:8002"], "bot": [f"bot:{bot['HEALTH_PORT']}"]}
