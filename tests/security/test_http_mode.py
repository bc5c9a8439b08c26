"""Slack's events over HTTP: only what Slack signed, a moment ago, is heard; and nothing is acknowledged unwritten."""

import contextlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
import pytest

from playground.testing.client import Message, PlaygroundClient
from slackbot.limits import SlackLimits
from tests.http_request import request
from tests.http_slack import SECRET, signature, signed
from tests.processes import ROOT, Bot, free_port

pytestmark = pytest.mark.system
PATH = "/slack/events"
CHALLENGE = json.dumps({"type": "url_verification", "token": "x", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY"}).encode()


@dataclass(frozen=True)
class Place:
    """A bot that listens, and the workspace that it works in."""

    workspace: PlaygroundClient
    bot: Bot

    @property
    def port(self) -> int:
        return int(re.findall(r"requests at 127\.0\.0\.1:(\d+)", self.bot.ready)[0])

    def send(
        self, body: bytes | Iterator[bytes], headers: dict[str, str], path: str = PATH, timeout: float = 20
    ) -> tuple[int, str]:
        """A request as a stranger or Slack would make it; status and body of the answer."""
        typed = {"Content-Type": "application/json", **headers}
        answer = request(f"http://127.0.0.1:{self.port}{path}", "POST", body, typed, timeout)
        return answer.status, answer.body.decode()

    def ask(self, png: bytes) -> tuple[Message, bytes]:
        """A photo with a mention, and the event that Slack would send."""
        message = self.workspace.post("#photos", f"<@{self.workspace.bot_user}>", files=[("cat.png", png)])
        (event,) = (one for one in self.workspace.events("app_mention") if one["event"]["ts"] == message.ts)
        return message, json.dumps(event).encode()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with PlaygroundClient.start() as workspace:
        settings = {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": SECRET, "EVENTS_PORT": "0"}
        bot = Bot(tmp_path_factory.mktemp("bot"), {**workspace.environment, **settings, "TRITON_URL": "127.0.0.1:1"})
        bot.start()
        yield Place(workspace, bot)
        assert bot.stop() == 0
        assert "Traceback" not in bot.log
        assert SECRET not in bot.log


def test_an_event_that_slack_signed_is_heard_once(place, png):
    message, event = place.ask(png)
    for _ in range(3):
        assert place.send(event, signed(event))[0] == 200
    place.workspace.wait_for_reaction(message, "warning")  # there is no model server
    assert place.send(event, signed(event))[0] == 200

    assert len(place.workspace.replies(message)) == 1
    assert json.loads(place.bot.page("/healthz")[1])["slack"] == "ok"
    assert place.workspace.connections() == []


FORGED: dict[str, Callable[[bytes], dict[str, str]]] = {
    "no headers": lambda _: {},
    "no signature": lambda body: {"X-Slack-Request-Timestamp": signed(body)["X-Slack-Request-Timestamp"]},
    "no time": lambda body: {"X-Slack-Signature": signed(body)["X-Slack-Signature"]},
    "an empty signature": lambda body: {**signed(body), "X-Slack-Signature": ""},
    "the signature of other words": lambda _: signed(b"{}"),
    "another secret": lambda body: {
        **signed(body), "X-Slack-Signature": signature(body, str(int(time.time())), "0" * 32),
    },
    "an empty secret": lambda body: {**signed(body), "X-Slack-Signature": signature(body, str(int(time.time())), "")},
    "six minutes old": lambda body: signed(body, age=360),
    "just too old": lambda body: signed(body, age=303),
    "of the future": lambda body: signed(body, age=-360),
    "an old one, and the time of now": lambda body: {
        **signed(body, age=360), "X-Slack-Request-Timestamp": str(int(time.time())),
    },
    "a time that is none": lambda body: {
        "X-Slack-Request-Timestamp": "now", "X-Slack-Signature": signature(body, "now"),
    },
    "a signature beyond ASCII": lambda body: {**signed(body), "X-Slack-Signature": "v0=\xe9"},
}  # fmt: skip


@pytest.mark.parametrize("forgery", FORGED)
def test_what_slack_did_not_sign_is_not_heard(place, png, forgery):
    message, event = place.ask(png)
    for body in (event, CHALLENGE, b"{" * 100_000, b"\xff\xfe", b""):
        before = place.bot.metric('enhancer_refused_total{reason="signature"}')
        assert place.send(body, FORGED[forgery](body))[0] == 401
        assert place.bot.metric('enhancer_refused_total{reason="signature"}') == before + 1

    assert place.bot.page("/healthz")[0] == 200
    assert not [one for one in place.workspace.calls("reactions.add") if one["args"].get("timestamp") == message.ts]


def test_within_five_minutes_slack_learns_that_the_address_is_the_bots(place):
    status, body = place.send(CHALLENGE, signed(CHALLENGE, age=290))
    assert (status, json.loads(body)) == (200, {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY"})


def test_other_requests_are_refused(place):
    assert place.send(CHALLENGE, signed(CHALLENGE), path="/else")[0] == 404
    most = SlackLimits().request_bytes
    for length, status in ((most, 401), (most + 1, 413), (10**12, 413)):
        body = b"x" * length if length <= most else b""  # the refusal does not wait for one
        assert place.send(body, {"Content-Length": str(length)})[0] == status
    for length in ("-1", "many", "٣"):
        assert place.send(b"", {"Content-Length": length.encode().decode("latin-1")})[0] == 400
    assert place.send(iter([b"x" * most, b"x"]), {})[0] == 413, "nor does it matter that no length was announced"


def test_it_listens_on_loopback_unless_told_otherwise(place):
    connections = psutil.Process(place.bot.pid).net_connections("inet")
    listening = [one.laddr.ip for one in connections if one.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"] * 2, "for events, and for its health"


def test_only_so_many_requests_are_answered_at_once(place):
    """Who sends slowly keeps a place until he is done; the next one waits for it."""
    with contextlib.ExitStack() as slow:

        def begin() -> None:
            connection = slow.enter_context(socket.create_connection(("127.0.0.1", place.port)))
            connection.sendall(b"POST / HTTP/1.1\r\n")

        for _ in range(SlackLimits().requests_at_once - 1):
            begin()
        assert place.send(CHALLENGE, signed(CHALLENGE))[0] == 200
        begin()
        with pytest.raises(TimeoutError):
            place.send(CHALLENGE, signed(CHALLENGE), timeout=1)
    assert place.send(CHALLENGE, signed(CHALLENGE))[0] == 200


def test_nothing_is_acknowledged_before_it_is_written_down(place, png):
    message, event = place.ask(png)
    with contextlib.closing(sqlite3.connect(place.bot.database, isolation_level=None)) as other:
        other.execute("begin immediate")  # readers may read, nobody else may write
        with pytest.raises(TimeoutError):
            place.send(event, signed(event), timeout=3)  # as long as Slack waits
        other.execute("rollback")
    assert place.send(event, signed(event))[0] == 200  # Slack sends again

    place.workspace.wait_for_reaction(message, "warning", 60)
    assert len(place.workspace.replies(message)) == 1


def test_a_port_that_is_taken_is_named(place, tmp_path):
    environment = {
        **place.workspace.environment, "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": SECRET,
        "EVENTS_PORT": str(place.port), "HEALTH_PORT": "0", "TRITON_URL": f"127.0.0.1:{free_port()}",
        "DATABASE_URL": f"sqlite:///{tmp_path}/a.sqlite",
    }  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-m", "slackbot", "--env-file", os.devnull],
        check=False,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "EVENTS_PORT: cannot listen at 127.0.0.1:" in ended.stderr
    assert "Traceback" not in ended.stderr
