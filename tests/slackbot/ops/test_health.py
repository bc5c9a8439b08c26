"""The health page while something that it asks hangs."""

import json
import threading
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY, Gauge

from slackbot.errors import NotReady
from slackbot.ops import metrics
from slackbot.ops.health import HealthServer
from slackbot.ops.single_flight import SingleFlight
from tests.processes import read_page, until

MORE_THAN_IT_ANSWERS_AT_ONCE = 10


class Hanging:
    """Does not answer until `go` is set, and counts how often it was asked."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked = 0

    def __call__(self) -> float:
        self.asked += 1
        assert self.go.wait(60)
        return 7.0

    def check(self) -> None:
        self()


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    one = Hanging()
    yield one
    one.go.set()


@pytest.fixture
def server(hanging) -> Iterator[HealthServer]:
    server = HealthServer("127.0.0.1", 0, {"test_database": hanging.check}, {"serving": lambda: None})
    yield server
    server.close()


def page(server: HealthServer, path: str) -> tuple[int, str]:
    return read_page(f"{server.address}{path}", 60)


def test_a_check_that_hangs_fails_and_no_page_hangs_with_it(server, hanging):
    answers: list[tuple[int, str]] = []
    probes = [
        threading.Thread(target=lambda: answers.append(page(server, "/readyz")))
        for _ in range(MORE_THAN_IT_ANSWERS_AT_ONCE)
    ]
    for probe in probes:
        probe.start()
    for probe in probes:
        probe.join(60)
    assert page(server, "/livez")[0] == 200
    assert [(status, json.loads(body)) for status, body in answers] == [
        (503, {"alive": "ok", "test_database": "does not answer", "serving": "ok"})
    ] * MORE_THAN_IT_ANSWERS_AT_ONCE
    assert 'enhancer_unhealthy{check="test_database"} 1.0' in page(server, "/metrics")[1]
    assert hanging.asked == 1, "what hangs is not asked again"

    hanging.go.set()
    until(lambda: page(server, "/readyz")[0] == 200, 20, "a check that answers again")
    assert 'enhancer_unhealthy{check="test_database"} 0.0' in page(server, "/metrics")[1]
    assert hanging.asked > 1


@pytest.fixture
def gauge() -> Iterator[Gauge]:
    one = Gauge("test_hanging", "A gauge of this test.")
    yield one
    REGISTRY.unregister(one)


def test_a_gauge_that_hangs_is_unknown(server, hanging, gauge):
    metrics.show(gauge, hanging)
    assert "test_hanging NaN" in page(server, "/metrics")[1]
    hanging.go.set()
    until(lambda: "test_hanging 7.0" in page(server, "/metrics")[1], 20, "a gauge that answers again")


def test_an_error_reaches_who_asked():
    def fails() -> None:
        raise NotReady("no disk")

    asked = SingleFlight(fails)
    for _ in range(2):
        with pytest.raises(NotReady, match="no disk"):
            asked()
