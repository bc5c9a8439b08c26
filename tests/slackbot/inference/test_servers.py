"""Which addresses a name stands for, and which server gets the next tile."""

from contextlib import ExitStack

import numpy as np
import pytest

from slackbot.inference.endpoint import Endpoint
from slackbot.inference.errors import ServerSlow
from slackbot.inference.servers import resolve
from slackbot.inference.triton import ModelServer
from slackbot.limits import ServerLimits
from tests.nearest_model import NearestModel
from tests.processes import until
from tests.proxy import Proxy

TILE = np.full((8, 8, 3), 5, np.uint8)


@pytest.mark.parametrize("place", ["10.0.0.1:8001", "[::1]:8001", "localhost:8001"])
def test_an_address_stands_for_itself(place: str):
    assert resolve([place]) == [place]


def test_a_name_that_nobody_knows_stands_for_nothing():
    assert resolve(["dns:///triton.invalid:8001"]) == []


def test_a_frozen_server_is_left_alone_and_its_tile_goes_to_the_other(model):
    with ExitStack() as stack:
        other = NearestModel()
        other.start()
        stack.callback(other.stop)
        proxy = stack.enter_context(Proxy(other.address).running())
        limits = ServerLimits(tile_seconds=2.0, breaker_seconds=600.0)
        server = ModelServer(Endpoint(f"{model.address},{proxy.address}"), limits)
        stack.callback(server.close)
        until(lambda: server.enlarge(TILE) and other.asked and model.asked, 30, "both connections")
        proxy.behaviour = "silence"
        before = model.asked
        for _ in range(6):
            server.enlarge(TILE)
        assert model.asked - before == 6
        model.behaviour = "slow"
        with pytest.raises(ServerSlow):  # where all have failed, one is asked all the same, and then another
            server.enlarge(TILE)
        model.release.set()
