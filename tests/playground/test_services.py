"""The processes behind the page: the model server's switch, and what the bot's metrics say."""

import json
import socket
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from playground.bot_status import JobClock, parse, served_model
from playground.testing.client import PlaygroundClient
from tests.processes import until

SERVER = "import signal,time; signal.signal(signal.SIGTERM, lambda *_: exit()); print('ready: here', flush=True); {}"
METRICS = """# HELP enhancer_jobs_total Jobs that ended, by outcome.
enhancer_jobs_total{{outcome="done"}} {jobs}
enhancer_step_seconds_bucket{{le="0.1",step="enhance"}} 1.0
enhancer_step_seconds_count{{step="enhance"}} 1.0
enhancer_step_seconds_sum{{step="enhance"}} {seconds}
enhancer_queue_depth {queue}
process_cpu_seconds_total 3.2
"""


def metrics(jobs: float, seconds: float, queue: float = 0.0) -> dict[tuple[str, str], float]:
    return parse(METRICS.format(jobs=jobs, seconds=seconds, queue=queue))


@pytest.fixture
def start(request) -> Iterator[PlaygroundClient]:
    with PlaygroundClient.start(
        options=("--model-server", f'{sys.executable} -c "{SERVER.format(request.param)}"')
    ) as running:
        yield running


def services(workspace: PlaygroundClient) -> dict:
    with urllib.request.urlopen(f"{workspace.base_url}/control/services") as answer:
        return json.load(answer)


def turn(workspace: PlaygroundClient, running: bool) -> str:
    body = json.dumps({"running": running}).encode()
    request = urllib.request.Request(f"{workspace.base_url}/control/server", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["server"]["state"]


def state(workspace: PlaygroundClient, wanted: str) -> None:
    until(lambda: services(workspace)["server"]["state"] == wanted, 30, wanted)


@pytest.mark.parametrize("start", ["time.sleep(600)"], indirect=True)
def test_a_model_server_is_stopped_and_started_again(start):
    state(start, "up")
    turn(start, running=False)
    state(start, "down")
    turn(start, running=True)
    state(start, "up")


@pytest.mark.parametrize("start", ["print('restarting', flush=True); time.sleep(600)"], indirect=True)
def test_one_that_crashed_is_starting_again(start):
    state(start, "starting")


@pytest.mark.parametrize("start", ["exit(3)"], indirect=True)
def test_one_that_ends_by_itself_is_told_from_a_stopped_one(start):
    state(start, "failed")
    assert turn(start, running=True) in ("starting", "up", "failed")


def test_a_playground_alone_has_no_services(workspace):
    assert services(workspace) == {"any": False, "server": None, "bot": None, "model": None}


def test_the_model_is_the_one_that_tritons_metrics_name():
    line = 'nv_inference_request_success{{model="enhancer",version="{}"}} 3\n'
    page = "# HELP nv_inference_request_success Number\n" + line.format(2) + line.format(1) + "nv_other 1\n"
    assert served_model(page) == {"name": "enhancer", "version": "1, 2"}
    assert served_model("nv_other 1\n") is None


def test_the_newest_jobs_steps_are_what_the_sums_grew_by():
    clock = JobClock()
    assert clock.look(metrics(3, 9.0)) is None
    assert clock.look(metrics(3, 10.0, queue=1)) is None
    assert clock.look(metrics(4, 11.5, queue=1)) is None  # counted, and still to be cleaned up after
    assert clock.look(metrics(4, 11.5)) == {"jobs": 1, "steps": [["enhance", 2.5]], "seconds": 2.5}
    assert clock.look(metrics(6, 14.5)) == {"jobs": 2, "steps": [["enhance", 3.0]], "seconds": 3.0}


def test_a_bot_that_was_started_anew_begins_at_nothing():
    clock = JobClock()
    clock.look(metrics(3, 9.0))
    clock.look(metrics(0, 0.0))
    assert clock.look(metrics(1, 2.0)) == {"jobs": 1, "steps": [["enhance", 2.0]], "seconds": 2.0}


def test_whoever_leaves_while_being_told_is_no_news(tmp_path):
    with (tmp_path / "said").open("w") as said, PlaygroundClient.start(stderr=said) as workspace:
        address = workspace.base_url.removeprefix("http://").split(":")
        for _ in range(3):
            with socket.create_connection((address[0], int(address[1]))) as tab:
                tab.sendall(b"GET /control/stream?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                tab.recv(100)
        for number in range(20):  # enough that writes reach a closed socket
            workspace.post("#photos", f"news {number}")
    assert (tmp_path / "said").read_text() == ""
