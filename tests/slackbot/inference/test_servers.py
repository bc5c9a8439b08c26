"""Which addresses a name stands for, and which server gets the next tile."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY

from slackbot.inference.endpoint import Endpoint
from slackbot.inference.errors import ServerError, ServerSlow
from slackbot.inference.servers import resolve
from slackbot.inference.triton import ModelServer
from slackbot.limits import ServerLimits
from tests.nearest_model import NearestModel
from tests.processes import ROOT, until
from tests.proxy import Proxy

TILE = np.full((8, 8, 3), 5, np.uint8)


@pytest.mark.parametrize("place", ["10.0.0.1:8001", "[::1]:8001", "localhost:8001"])
def test_an_address_stands_for_itself(place: str):
    assert resolve([place]) == [place]


def test_a_name_that_nobody_knows_stands_for_nothing():
    assert resolve(["dns:///triton.invalid:8001"]) == []


def calls(model: NearestModel) -> float:
    return REGISTRY.get_sample_value("enhancer_tile_seconds_count", {"server": model.address}) or 0.0


def test_a_frozen_server_is_left_alone_and_its_tile_goes_to_the_other(model):
    with ExitStack() as stack:
        other = NearestModel()
        other.start()
        stack.callback(other.stop)
        proxy = stack.enter_context(Proxy(other.address).running())
        limits = ServerLimits(tile_seconds=2.0, breaker_seconds=600.0)
        server = ModelServer(Endpoint(f"{model.address},{proxy.address}"), limits)
        stack.callback(server.close)
        counted = calls(model)
        until(lambda: server.enlarge(TILE) and other.asked and model.asked, 30, "both connections")
        proxy.behaviour = "silence"
        before = model.asked
        for _ in range(6):
            server.enlarge(TILE)
        assert model.asked - before == 6
        assert calls(model) - counted == model.asked
        model.behaviour = "slow"
        with pytest.raises(ServerSlow):  # where all have failed, one is asked all the same, and then another
            server.enlarge(TILE)
        model.release.set()


@pytest.fixture
def two() -> Iterator[tuple[NearestModel, NearestModel, ModelServer]]:
    """Two servers, and the bot's way to both, on which one that failed is left alone for the whole test."""
    with ExitStack() as stack:
        one, other = NearestModel(), NearestModel()
        for each in (one, other):
            each.start()
            stack.callback(each.stop)
        server = ModelServer(
            Endpoint(f"{one.address},{other.address}"), ServerLimits(tile_seconds=60.0, breaker_seconds=600.0)
        )
        stack.callback(server.close)
        yield one, other, server


@pytest.mark.parametrize("behaviour", ["error", "wrong inputs", "unloaded", "wrong shape", "wrong type", "garbage"])
def test_a_sick_server_is_left_alone_and_its_tile_goes_to_the_other(two, behaviour):
    well, sick, server = two
    sick.behaviour = behaviour
    for _ in range(6):
        server.enlarge(TILE)
    assert (sick.asked, well.asked) == (1, 6)

    well.behaviour = behaviour
    with pytest.raises(ServerError):  # where both are sick, each is asked once
        server.enlarge(TILE)
    assert (sick.asked, well.asked) == (2, 7)


def test_a_server_with_another_model_is_left_alone(two):
    _, sick, server = two
    sick.behaviour = "wrong contract"
    for _ in range(2):
        server.find_model()
    for _ in range(4):
        server.enlarge(TILE)
    assert sick.asked == 0


def test_one_tile_at_a_time_tries_a_server_that_failed(model):
    with Proxy(model.address).running() as proxy, ExitStack() as stack:
        server = ModelServer(
            Endpoint(f"{model.address},{proxy.address}"), ServerLimits(tile_seconds=6.0, breaker_seconds=0.0)
        )
        stack.callback(server.close)
        tried = {"server": proxy.address}
        proxy.behaviour = "silence"

        def tries() -> float:
            return REGISTRY.get_sample_value("enhancer_tile_seconds_count", tried) or 0.0

        before = tries()
        until(lambda: server.enlarge(TILE) and tries() > before, 30, "its first failure")
        before = tries()
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(server.enlarge, [TILE] * 40))
        assert len(answers) == 40
        assert tries() == before + 1


# Tiles for the servers behind one name, for as long as somebody reads the lines.
ENLARGING = """
import sys, numpy
from slackbot.inference.endpoint import Endpoint
from slackbot.inference.triton import ModelServer
from slackbot.limits import ServerLimits
server = ModelServer(Endpoint(sys.argv[1]), ServerLimits())
while True:
    server.enlarge(numpy.ones((8, 8, 3), numpy.uint8))
    print("done", flush=True)
"""


def test_a_server_that_joins_behind_a_name_gets_work_and_one_that_leaves_gets_none(tmp_path: Path):
    """A hosts file of the process's own, in a mount namespace, stands in for a cluster's DNS."""
    if os.geteuid() or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mount namespaces need root")
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 triton.test\n")
    with ExitStack() as stack:
        one = NearestModel()
        one.start()
        stack.callback(one.stop)
        two = NearestModel("127.0.0.2", one.port)
        two.start()
        stack.callback(two.stop)
        process = subprocess.Popen(
            [
                *("unshare", "--mount", "bash", "-c", 'mount --bind "$1" /etc/hosts && exec "${@:2}"', "bash", hosts),
                *(sys.executable, "-c", ENLARGING, f"dns:///triton.test:{one.port}"),
            ],
            cwd=ROOT, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        stack.callback(process.wait)
        stack.callback(process.kill)
        until(lambda: one.asked > 10, 60, "the first server's tiles")
        assert two.asked == 0
        hosts.write_text("127.0.0.1 triton.test\n127.0.0.2 triton.test\n")  # the same file, not a new one
        until(lambda: two.asked > 10, 60, "the second server's tiles")
        hosts.write_text("127.0.0.2 triton.test\n")

        def none_for_the_first() -> bool:
            before = one.asked, two.asked
            until(lambda: two.asked > before[1] + 20, 60, "more tiles")
            return one.asked == before[0]

        until(none_for_the_first, 60, "the first to be left")
