"""How Slack's events reach the bot: over a WebSocket that it opens (Socket Mode), or as HTTP requests of Slack's."""

import http.client
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.signature import SignatureVerifier

from slackbot.errors import NotReady, SettingsError
from slackbot.limits import SlackLimits
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal
from slackbot.ops.web_server import WebServer
from slackbot.slack.errors import SlackRefused, SlackUnavailable
from slackbot.slack.refusals import refusal_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/slack/events"


class Receiver(Protocol):
    """The way they come."""

    def open(self) -> str:
        """Begin to listen; a few words about where. Raises SettingsError, SlackUnavailable."""
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
            refusal = refusal_of(error, "apps_connections_open")
            if isinstance(refusal, SlackRefused):
                raise SettingsError(f"Slack does not accept SLACK_APP_TOKEN ({refusal.code}).") from None
            raise refusal from None
        except (SlackClientError, http.client.HTTPException, OSError) as error:
            reason = type(error).__name__
            raise SlackUnavailable(f"Slack is out of reach for apps_connections_open ({reason}).") from None
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
        self._application = _signed_only(SlackRequestHandler(app, PATH), SignatureVerifier(secret))
        self._host, self._port, self._limits = host, port, limits
        self._server: WebServer | None = None

    def open(self) -> str:
        """Listen; port 0 takes any free one."""
        try:
            self._server = WebServer(
                self._application,
                self._host,
                self._port,
                at_once=self._limits.requests_at_once,
                body_bytes=self._limits.request_bytes,
                seconds=self._limits.request_seconds,
            )
        except OSError as error:
            raise SettingsError(
                f"EVENTS_HOST and EVENTS_PORT: cannot listen at {self._host}:{self._port} ({error.strerror})."
            ) from None
        return f"waiting for Slack's requests at {self._server.address}{PATH}"

    def check(self) -> None:
        """Whether anybody listens."""
        if self._server is None:
            raise NotReady("not listening for Slack's requests")

    def close(self) -> None:
        """Take no more requests; those that are being answered are."""
        if self._server:
            self._server.close()


def _signed_only(application: "WSGIApplication", verifier: SignatureVerifier) -> "WSGIApplication":
    """Bolt looks at the signature as well, but only once it has taken apart what a stranger wrote."""

    def guarded(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH and environ["REQUEST_METHOD"] == "POST":
            body = environ["wsgi.input"].read()
            if not _is_slacks(verifier, body, environ):
                metrics.refuse(Refusal.SIGNATURE)
                start_response("401 Unauthorized", [("Content-Type", "text/plain")])
                return [b""]
            environ = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return application(environ, start_response)

    return guarded


def _is_slacks(verifier: SignatureVerifier, body: bytes, environ: "WSGIEnvironment") -> bool:
    names = {
        "X-Slack-Signature": "HTTP_X_SLACK_SIGNATURE",
        "X-Slack-Request-Timestamp": "HTTP_X_SLACK_REQUEST_TIMESTAMP",
    }
    try:
        return verifier.is_valid_request(body, {name: environ[key] for name, key in names.items() if key in environ})
    except (ValueError, TypeError):  # a time that is no number, or what is no text
        return False
