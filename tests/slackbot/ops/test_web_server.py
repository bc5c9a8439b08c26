"""The web server's own limits, over real connections."""

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator

import pytest

from slackbot.ops.web_server import WebServer
from tests.http_request import request
from tests.processes import PATIENCE, until


class Application:
    """Answers with how many bytes came, once `go` is set."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)
        self.go.set()

    def __call__(self, environ, start_response):
        size = len(environ["wsgi.input"].read())
        self.begun.release()
        assert self.go.wait(60)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [str(size).encode()]


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def server(application) -> Iterator[WebServer]:
    server = WebServer(application, "127.0.0.1", 0, at_once=2, body_bytes=100, seconds=1)
    yield server
    server.close()


def send(server: WebServer, body: bytes | Iterator[bytes]) -> tuple[int, bytes]:
    answer = request(f"http://{server.address}/", "POST", body, timeout=PATIENCE * 60)
    return answer.status, answer.body


def test_bodies_at_the_limit_and_one_over(server):
    assert send(server, b"x" * 100) == (200, b"100")
    assert send(server, b"x" * 101)[0] == 413


def test_whoever_goes_on_after_the_refusal_can_still_read_it(server):
    assert send(server, iter([b"x" * 101, *[b"x" * 100_000] * 50]))[0] == 413
    assert send(server, b"x" * 100) == (200, b"100")


def test_who_sends_nothing_more_is_cut_off_and_makes_room(server, caplog):
    host, port = server.address.split(":")
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection((host, int(port)))) for _ in range(2)]
        for one in silent:
            one.sendall(b"POST / HTTP/1.1\r\n")
            one.settimeout(60)
        assert send(server, b"x") == (200, b"1"), "accepted once the silent ones are gone"
        assert [one.recv(1) for one in silent] == [b"", b""]
    assert not caplog.records, "strangers do not fill the log"


def test_what_is_being_answered_at_the_end_is_answered(server, application):
    application.go.clear()
    with contextlib.closing(http.client.HTTPConnection(server.address, timeout=PATIENCE * 60)) as client:
        client.request("POST", "/", b"xyz")
        assert application.begun.acquire(timeout=PATIENCE * 60)
        server.close()
        until(lambda: not accepts(server.address), 60, "a closed port")
        application.go.set()
        assert client.getresponse().read() == b"3"


def accepts(address: str) -> bool:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE * 60).close()
    except OSError:
        return False
    return True


def test_a_port_that_is_taken_is_an_error(server):
    with pytest.raises(OSError, match="in use"):
        WebServer(lambda *_: [], "127.0.0.1", int(server.address.split(":")[1]), at_once=1, body_bytes=0, seconds=1)
