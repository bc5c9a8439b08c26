"""The bot's token on its way through redirects, over real HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from slackbot.errors import BotError
from slackbot.limits import SlackLimits
from slackbot.slack.download import download
from slackbot.slack.errors import DownloadError

TOKEN = "xoxb-canary-7391"


class Site(ThreadingHTTPServer):
    """/hops/N redirects to /hops/N-1, /hops/0 is a picture, /to/URL redirects to URL; /bytes/N sends N bytes and does
    not say how many, /more/N says 10 and sends N.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str]] = []  # path and Authorization

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Site  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization", "")))
        place, _, rest = self.path[1:].partition("/")
        if place == "to":
            return self._redirect(rest)
        if place == "hops" and rest != "0":
            return self._redirect(f"/hops/{int(rest) - 1}")
        self.send_response(200)
        if place == "more":
            self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"x" * (int(rest) if place in ("bytes", "more") else 10))
        return None

    def _redirect(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args) -> None:  # noqa: A002 - the base class's names
        """Nothing."""


@contextmanager
def running() -> Iterator[Site]:
    with Site() as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield site
        site.shutdown()


@pytest.fixture
def slack() -> Iterator[Site]:
    with running() as site:
        yield site


@pytest.fixture
def stranger() -> Iterator[Site]:
    with running() as site:
        yield site


@pytest.fixture
def fetch(slack, tmp_path):
    def fetched(path, limits=None, most=50_000_000) -> bytes:
        file = tmp_path / "0.photo"
        download(f"{slack.address}{path}", file, TOKEN, f"{slack.address}/api/", limits or SlackLimits(), most)
        return file.read_bytes()

    return fetched


def test_redirects_at_the_limit_and_one_over(slack, fetch):
    most = SlackLimits().redirects
    assert fetch(f"/hops/{most}") == b"x" * 10
    assert {token for _, token in slack.asked} == {f"Bearer {TOKEN}"}
    with pytest.raises(DownloadError, match="too many times"):
        fetch(f"/hops/{most + 1}")


@pytest.mark.parametrize("form", ["{}", "{}/", "{}/x?files.slack.com", "{}/x#@files.slack.com", "{host_only}"])
def test_a_redirect_to_a_stranger_is_not_followed(slack, stranger, fetch, form):
    host_only = stranger.address.replace("http:", "")
    target = form.format(stranger.address, host_only=host_only)
    with pytest.raises(BotError):
        fetch(f"/to/{target}")

    assert stranger.asked == []
    assert len(slack.asked) == 1


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:image/png,A", "gopher://x"])
def test_no_other_scheme_is_followed(fetch, target):
    with pytest.raises(DownloadError, match="not hosted by Slack"):
        fetch(f"/to/{target}")


def test_bytes_are_counted_where_none_were_announced(fetch):
    assert fetch("/bytes/1000", most=1000) == b"x" * 1000
    with pytest.raises(BotError, match="too large"):
        fetch("/bytes/1001", most=1000)


def test_more_bytes_than_announced_are_not_taken(fetch):
    assert fetch("/more/1000000") == b"x" * 10
