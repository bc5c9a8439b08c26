"""The genuine tritonserver with TLS, and the bot's own client."""

from pathlib import Path

import numpy as np
import pytest

from slackbot.inference.endpoint import Endpoint
from slackbot.inference.errors import ServerDown
from slackbot.inference.triton import ModelServer
from slackbot.limits import ServerLimits
from tests.certificates import Authority

pytestmark = pytest.mark.system
TILE = np.full((8, 8, 3), 5, np.uint8)


def enlarge(url: str, **tls: Path | None) -> np.ndarray:
    server = ModelServer(Endpoint(url, **tls), ServerLimits(tile_seconds=60.0))  # pyright: ignore[reportArgumentType]
    try:
        return server.enlarge(TILE)[0]
    finally:
        server.close()


def test_only_those_who_know_each_other_talk(launch, new_repository, tmp_path):
    new_repository.add("enhancer")
    authority, other = Authority(tmp_path, "authority"), Authority(tmp_path, "other")
    own, bot = authority.issue("server", "IP:127.0.0.1"), authority.issue("bot", "DNS:bot")
    stranger = other.issue("stranger", "DNS:bot")
    server = launch(
        new_repository.folder,
        f"--grpc-certificate={own.certificate}",
        f"--grpc-key={own.key}",
        f"--grpc-root={authority.pem}",
    )
    assert " at grpcs://" in server.ready
    url = f"grpcs://{server.address}"

    enlarged = enlarge(url, ca=authority.pem, certificate=bot.certificate, key=bot.key)
    assert enlarged.shape == (32, 32, 3)
    with pytest.raises(ServerDown, match="TRITON_TLS_CERT"):
        enlarge(url, ca=authority.pem)
    with pytest.raises(ServerDown, match="TRITON_TLS_CERT"):
        enlarge(url, ca=authority.pem, certificate=stranger.certificate, key=stranger.key)
    with pytest.raises(ServerDown, match="TRITON_TLS_CA"):
        enlarge(url, ca=other.pem, certificate=bot.certificate, key=bot.key)
    with pytest.raises(ServerDown, match="not available"):
        enlarge(server.address)
