"""The bot's state for machines, over HTTP: `/livez`, `/healthz`, `/readyz` and `/metrics`.

200 where all is well, else 503; the body names each check and, where one fails, says why. `/livez` looks at nothing but
the process: to start it anew while Slack or the database is away would help nobody. A check that hangs has failed, and
takes no thread from the pages.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from slackbot.errors import BotError
from slackbot.ops import metrics
from slackbot.ops.single_flight import SingleFlight
from slackbot.ops.web_server import WebServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Check = Callable[[], None]  # raises a BotError whose text is the reason


class HealthServer:
    """Answers until `close`. `healthy` are the checks of `/healthz`; `/readyz` asks those and `ready`.

    `/metrics` asks `healthy` as well, for `enhancer_unhealthy`.
    """

    def __init__(self, host: str, port: int, healthy: Mapping[str, Check], ready: Mapping[str, Check]) -> None:
        """Listen; port 0 takes any free one. Raises OSError where the port is taken."""
        checks = {name: SingleFlight(check) for name, check in {**healthy, **ready}.items()}
        pages = {"/livez": {}, "/healthz": {name: checks[name] for name in healthy}, "/readyz": checks}
        self._server = WebServer(_application(pages), host, port, at_once=8, body_bytes=0, seconds=5)
        for name in healthy:
            metrics.UNHEALTHY.labels(name).set_function(partial(_fails, checks[name]))

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{self._server.address}"

    def close(self) -> None:
        """Stop listening."""
        self._server.close()


def answer(checks: Mapping[str, Check]) -> tuple[HTTPStatus, dict[str, str]]:
    """The status, and "ok" or the reason for each check."""
    said = {name: _reason(check) for name, check in checks.items()}
    well = all(text == "ok" for text in said.values())
    return (HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE), said


def _fails(check: Check) -> bool:
    return _reason(check) != "ok"


def _reason(check: Check) -> str:
    try:
        check()
    except BotError as error:
        return str(error)
    return "ok"


def _application(pages: Mapping[str, Mapping[str, Check]]) -> "WSGIApplication":
    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path, status, content_type = environ["PATH_INFO"], HTTPStatus.OK, "application/json"
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            status, body = HTTPStatus.METHOD_NOT_ALLOWED, b""
        elif path == "/metrics":
            content_type, body = CONTENT_TYPE_LATEST, generate_latest()
        elif path in pages:
            status, said = answer({"alive": lambda: None, **pages[path]})
            body = json.dumps(said).encode() + b"\n"
        else:
            status, body = HTTPStatus.NOT_FOUND, b""
        start_response(f"{status.value} {status.phrase}", [("Content-Type", content_type)])
        return [body]

    return application
