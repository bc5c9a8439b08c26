"""The bot's state for machines, over HTTP: `/healthz`, `/readyz` and `/metrics`.

200 where all is well, else 503; the body names each check and, where one fails, says why.
"""

import json
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from slackbot.errors import BotError

Check = Callable[[], None]  # raises a BotError whose text is the reason


class HealthServer:
    """Answers until `close`. `healthy` are the checks of `/healthz`; `/readyz` asks those and `ready`."""

    def __init__(self, host: str, port: int, healthy: Mapping[str, Check], ready: Mapping[str, Check]) -> None:
        """Listen; port 0 takes any free one. Raises OSError where the port is taken."""
        pages = {"/healthz": dict(healthy), "/readyz": {**healthy, **ready}}
        self._server = ThreadingHTTPServer((host, port), _handler(pages))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    @property
    def address(self) -> str:
        """Where it listens."""
        host, port = self._server.server_address[:2]
        return f"http://{host}:{port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def answer(checks: Mapping[str, Check]) -> tuple[HTTPStatus, dict[str, str]]:
    """The status, and "ok" or the reason for each check."""
    said = {name: _reason(check) for name, check in checks.items()}
    well = all(text == "ok" for text in said.values())
    return (HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE), said


def _reason(check: Check) -> str:
    try:
        check()
    except BotError as error:
        return str(error)
    return "ok"


def _handler(pages: Mapping[str, Mapping[str, Check]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One request of whoever watches the bot."""

        timeout = 5
        server_version, sys_version = "slackbot", ""

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._send(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest())
            elif self.path in pages:
                status, said = answer({"alive": lambda: None, **pages[self.path]})
                self._send(status, "application/json", json.dumps(said).encode() + b"\n")
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def _send(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Nothing: a line for every probe would hide what matters."""

    return Handler
