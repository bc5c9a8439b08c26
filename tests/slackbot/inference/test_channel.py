"""The connection to real gRPC servers: one that stalls is left behind, several take turns, TLS holds what it says."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import grpc
import numpy as np
import pytest
from PIL import Image
from prometheus_client import REGISTRY

from slackbot.imaging.formats import FORMATS
from slackbot.imaging.photo import Photo
from slackbot.inference.channel import CONNECT_SECONDS
from slackbot.inference.endpoint import Endpoint
from slackbot.inference.enhancer import Enhancer
from slackbot.inference.errors import ServerDown, ServerSlow
from slackbot.inference.triton import ModelServer
from slackbot.limits import PhotoLimits, ServerLimits
from tests.certificates import Authority, Pair
from tests.nearest_model import NearestModel
from tests.processes import SERVED, Triton, until
from tests.proxy import Proxy

PATIENT = ServerLimits(tile_seconds=60.0, probe_seconds=30.0)
TILE = np.full((8, 8, 3), 5, np.uint8)
Connect = Callable[..., ModelServer]


@pytest.fixture
def connect() -> Iterator[Connect]:
    with ExitStack() as stack:

        def server(url: str, limits: ServerLimits = PATIENT, **tls) -> ModelServer:
            server = ModelServer(Endpoint(url, **tls), limits)
            stack.callback(server.close)
            return server

        yield server


def test_a_stalled_connection_is_left_behind(model, connect):
    with Proxy(model.address).running() as proxy:
        server = connect(proxy.address, ServerLimits(tile_seconds=CONNECT_SECONDS + 1))
        server.enlarge(TILE)
        proxy.behaviour = "silence"  # what is answered now never comes, so this connection is of no use any more
        with pytest.raises(ServerSlow):
            server.enlarge(TILE)
        proxy.behaviour = "well"

        server.enlarge(TILE)
        assert len(model.peers) == 2


def test_calls_on_a_connection_that_is_left_behind_end_well(model, connect):
    server = connect(model.address, ServerLimits(tile_seconds=60.0, probe_seconds=0.5))
    server.enlarge(TILE)
    model.behaviour = "slow"

    def another_connection() -> bool:
        with pytest.raises(ServerSlow):
            server.check()
        return len(model.peers) > 1

    with ThreadPoolExecutor(1) as pool:
        caught = pool.submit(server.enlarge, TILE)
        until(another_connection, 30, "another connection")
        assert not caught.done()
        model.release.set()
        enlarged, _ = caught.result(30)
    assert enlarged.shape == (32, 32, 3)


def test_a_proxy_for_the_web_is_not_asked_for_the_way_to_the_server(model, connect, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # the discard port: no proxy answers there
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    connect(model.address).enlarge(TILE)


def test_servers_take_turns_and_one_that_is_gone_takes_none(model, connect):
    other = NearestModel()
    other.start()
    server = connect(f"{model.address},{other.address}")
    until(lambda: server.enlarge(TILE) and other.asked and model.asked, 30, "both connections")
    before = model.asked, other.asked
    for _ in range(10):
        server.enlarge(TILE)
    assert (model.asked - before[0], other.asked - before[1]) == (5, 5)

    other.stop()
    before = model.asked
    for _ in range(10):
        server.enlarge(TILE)
    assert model.asked - before == 10


@pytest.mark.system
def test_a_killed_tritonserver_leaves_its_tiles_to_the_other(tmp_path, paint):
    """Of two real ones; no tile of the photo under way becomes bicubic."""
    with ExitStack() as stack:
        servers = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            servers.append(Triton(tmp_path / name))
            servers[-1].start()
            stack.callback(servers[-1].kill)
        one, two = servers
        server = ModelServer(
            Endpoint(f"{one.address},{two.address}"), ServerLimits(tile=64, overlap=40, tile_seconds=60.0)
        )
        stack.callback(server.close)
        enhancer = Enhancer(server, ServerLimits(tile=64, overlap=40, tile_seconds=60.0), PhotoLimits())
        warmed = one.inferences(), two.inferences()

        def kill_in_the_middle(done: int, tiles: int) -> None:
            if done == tiles // 2:
                assert one.inferences() > warmed[0]
                assert two.inferences() > warmed[1]
                two.crash()

        result = enhancer(Photo(paint(400, 400), FORMATS["PNG"]), 4, kill_in_the_middle)
        assert (result.version, result.reason) == (str(SERVED), "")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def localhost(authority: Authority) -> Pair:
    return authority.issue("server", "DNS:localhost,IP:127.0.0.1")


Secure = Callable[..., NearestModel]


@pytest.fixture
def secure() -> Iterator[Secure]:
    """Start a server with TLS, which asks for certificates of `clients` where that is given."""
    with ExitStack() as stack:

        def start(pair: Pair, clients: Authority | None = None) -> NearestModel:
            files = [(pair.key.read_bytes(), pair.certificate.read_bytes())]
            trusted = clients.pem.read_bytes() if clients else None
            model = NearestModel()
            model.start(grpc.ssl_server_credentials(files, trusted, require_client_auth=clients is not None))
            stack.callback(model.stop)
            return model

        yield start


def test_tls(secure, connect, authority, localhost):
    model = secure(localhost)
    connect(f"grpcs://localhost:{model.port}", ca=authority.pem).enlarge(TILE)


def test_several_servers_with_tls(secure, connect, authority, localhost):
    one, two = secure(localhost), secure(localhost)
    server = connect(f"grpcs://{one.address},{two.address}", ca=authority.pem, name="localhost")
    until(lambda: server.enlarge(TILE) and one.asked and two.asked, 30, "both to be asked")


def test_mutual_tls(secure, connect, tmp_path, authority, localhost):
    stranger = Authority(tmp_path, "stranger").issue("bot", "DNS:bot")
    bot = authority.issue("bot", "DNS:bot")
    url = f"grpcs://{secure(localhost, clients=authority).address}"
    connect(url, ca=authority.pem, certificate=bot.certificate, key=bot.key).enlarge(TILE)
    with pytest.raises(ServerDown, match="TRITON_TLS_CERT"):
        connect(url, ca=authority.pem).enlarge(TILE)
    with pytest.raises(ServerDown, match="TRITON_TLS_CERT"):
        connect(url, ca=authority.pem, certificate=stranger.certificate, key=stranger.key).enlarge(TILE)


def test_a_server_that_cannot_prove_who_it_is_gets_no_photo(secure, connect, tmp_path, authority, localhost, caplog):
    known, other = f"grpcs://{secure(localhost).address}", Authority(tmp_path, "other")
    renamed = f"grpcs://{secure(authority.issue('renamed', 'DNS:triton')).address}"
    photo = Photo(Image.new("RGB", (8, 8)), FORMATS["PNG"])
    before = distrusted()
    for url, ca, sentence in (
        (known, other.pem, "certificate is not signed by a trusted authority (TRITON_TLS_CA)"),
        (known, None, "certificate is not signed by a trusted authority (TRITON_TLS_CA)"),
        (renamed, authority.pem, "certificate is for another name (TRITON_TLS_NAME)"),
    ):
        result = Enhancer(connect(url, ca=ca), PATIENT, PhotoLimits())(photo, 4)
        assert sentence in result.reason
        assert f"bicubic instead of the model: the model server's {sentence}" in caplog.text
        caplog.clear()
    assert distrusted() == before + 3
    connect(renamed, ca=authority.pem, name="triton").enlarge(TILE)


def distrusted() -> float:
    return REGISTRY.get_sample_value("enhancer_refused_total", {"reason": "model_server"}) or 0.0


def test_a_server_without_tls_is_named(model, connect, authority):
    with pytest.raises(ServerDown, match="does not speak TLS"):
        connect(f"grpcs://{model.address}", ca=authority.pem).enlarge(TILE)
