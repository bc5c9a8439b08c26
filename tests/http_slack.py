"""Slack before a bot in HTTP mode: it sends signed requests, and people install the app in a browser."""

import contextlib
import hashlib
import hmac
import json
import re
import threading
import time
from html import unescape
from urllib.parse import urlencode

from playground.testing.client import PlaygroundClient
from tests.http_request import request

SECRET = "canary-signing-secret-7391-0123456789"


def signature(body: bytes, at: str, secret: str = SECRET) -> str:
    """As Slack's documentation describes it (docs.slack.dev/authentication/verifying-requests-from-slack)."""
    return "v0=" + hmac.new(secret.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()


def signed(body: bytes, age: int = 0) -> dict[str, str]:
    """The headers that Slack sends with a body, as it sent them `age` seconds ago."""
    at = str(int(time.time()) - age)
    return {
        "X-Slack-Request-Timestamp": at, "X-Slack-Signature": signature(body, at), "Content-Type": "application/json",
    }  # fmt: skip


class HttpSlack:
    """Delivers every event of a playground to a bot, once it is told where, until `close`."""

    def __init__(self, workspace: PlaygroundClient) -> None:
        self._workspace = workspace
        self._ending = threading.Event()
        self._sent: set[str] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.bot = ""
        self.statuses: list[int] = []

    def open(self, bot: str) -> None:
        """`bot` is the address at which it listens."""
        self.bot = bot
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._ending.wait(0.05):
            for event in self._workspace.events():
                if event["event_id"] not in self._sent:
                    with contextlib.suppress(ConnectionError):  # the bot is away: it is sent again
                        self.statuses.append(self.deliver(event))
                        self._sent.add(event["event_id"])

    def deliver(self, event: dict) -> int:
        """The status of the bot's answer."""
        body = json.dumps(event).encode()
        return request(f"{self.bot}/slack/events", "POST", body, signed(body))[0]

    def install(self, team: str, *, org: bool = False, cookies: bool = True) -> tuple[int, str]:
        """Somebody installs the app in their browser; status and text of the last page."""
        _, headers, page = request(f"{self.bot}/slack/install")
        cookie = headers["Set-Cookie"].partition(";")[0] if cookies else ""
        found = re.search(r'href="([^"]+/oauth/v2/authorize[^"]+)"', page.decode())
        assert found, page.decode()
        choice = urlencode({"team": team, **({"org": "1"} if org else {})})
        status, headers, text = request(f"{re.sub(r'&team=(?=&|$)', '', unescape(found[1]))}&{choice}")
        assert status == 302, text.decode()
        status, _, text = request(headers["Location"], headers={"Cookie": cookie})
        return status, text.decode()
