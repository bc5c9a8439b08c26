"""How Slack's events reach the bot: over a WebSocket that it opens (Socket Mode), or as HTTP requests of Slack's."""

import logging
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from slackbot.errors import NotReady, SettingsError
from slackbot.limits import SlackLimits

log = logging.getLogger(__name__)

PATH = "/slack/events"


class Receiver(Protocol):
    """The way they come."""

    def open(self) -> str:
        """Begin to listen; a few words about where. Raises SettingsError."""
        ...

    def check(self) -> None:
        """Raises NotReady where no events can come."""
        ...

    def close(self) -> None:
        """Listen no more."""
        ...


def make_receiver(app: App, app_token: str, signing_secret: str, host: str, port: int, limits: SlackLimits) -> Receiver:
    """Socket Mode where there is an app-level token, else HTTP, signed with the secret."""
    if app_token:
        return SocketMode(app, app_token, limits)
    return HttpMode(app, signing_secret, host, port, limits)


class SocketMode:
    """The bot asks Slack for a WebSocket, and listens nowhere."""

    def __init__(self, app: App, token: str, limits: SlackLimits) -> None:
        self._socket = SocketModeHandler(app, token, ping_interval=limits.socket_ping)

    def open(self) -> str:
        """Connect."""
        try:
            self._socket.connect()
        except SlackApiError as error:
            raise SettingsError(f"Slack does not accept SLACK_APP_TOKEN ({error.response.get('error')}).") from None
        return "connected to Slack"

    def check(self) -> None:
        """Whether the WebSocket stands."""
        if not self._socket.client.is_connected():
            raise NotReady("no connection to Slack")

    def close(self) -> None:
        """Disconnect."""
        self._socket.close()


class HttpMode:
    """Slack sends requests, through whatever ends its TLS. Those without its signature, or five minutes old, get a 401.

    Else the answer is the acknowledgement: 200 once the job is written down, 500 where it cannot be, and Slack sends
    again.
    """

    def __init__(self, app: App, secret: str, host: str, port: int, limits: SlackLimits) -> None:
        self._app, self._secret, self._host, self._port, self._limits = app, secret, host, port, limits
        self._server: _Server | None = None

    def open(self) -> str:
        """Listen; port 0 takes any free one."""
        try:
            self._server = _Server((self._host, self._port), self._app, self._secret, self._limits)
        except OSError as error:
            raise SettingsError(
                f"EVENTS_HOST and EVENTS_PORT: cannot listen at {self._host}:{self._port} ({error.strerror})."
            ) from None
        threading.Thread(target=self._server.serve_forever, name="events", daemon=True).start()
        host, port = self._server.server_address[:2]
        return f"waiting for Slack's requests at {host}:{port}{PATH}"

    def check(self) -> None:
        """Whether anybody listens."""
        if self._server is None:
            raise NotReady("not listening for Slack's requests")

    def close(self) -> None:
        """Take no more requests; those that are being answered are."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    """A thread for each request, and no more at once than the limits say: further ones wait to be accepted."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], app: App, secret: str, limits: SlackLimits) -> None:
        self.app, self.limits = app, limits
        self.verifier = SignatureVerifier(secret)
        self._room = threading.Semaphore(limits.requests_at_once)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._room.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's names
        """Whoever asked is gone; anything else is a mistake of ours."""
        error = sys.exception()
        if isinstance(error, OSError):
            log.info("a request could not be answered: %s", type(error).__name__)
        else:
            log.error("a request could not be answered", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    """One request, which anybody may have sent."""

    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]
    timeout = 10  # seconds for each read
    server_version, sys_version = "slackbot", ""

    def do_POST(self) -> None:
        if self.path != PATH:
            return self.send_error(HTTPStatus.NOT_FOUND)
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            return self.send_error(HTTPStatus.LENGTH_REQUIRED)
        if len(length) > 9 or int(length) > self.server.limits.request_bytes:
            return self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = self.rfile.read(int(length))
        # Bolt looks at the signature as well, but only once it has taken apart what a stranger wrote.
        if not self._is_slacks(body):
            return self.send_error(HTTPStatus.UNAUTHORIZED)
        response = self.server.app.dispatch(BoltRequest(body=body.decode(), headers=dict(self.headers)))
        said = response.body.encode()
        self.send_response(response.status)
        self.send_header("Content-Type", response.first_headers().get("content-type", "text/plain"))
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
        return None

    def _is_slacks(self, body: bytes) -> bool:
        try:
            return self.server.verifier.is_valid_request(body, dict(self.headers))
        except (ValueError, TypeError):  # a time that is no number, or what is no text
            return False

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: what strangers send belongs in no log."""
