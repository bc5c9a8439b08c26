"""A web server in threads of its own, with limits on what whoever asks may take up: waitress, and nothing else."""

import logging
import socket
import threading
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.server import create_server

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_OWN_SOCKETS = 2  # that waitress counts among the connections
_HEADER_BYTES = 32 * 1024


class WebServer:
    """Answers with a WSGI application until `close`."""

    def __init__(
        self, application: "WSGIApplication", host: str, port: int, *, at_once: int, body_bytes: int, seconds: int
    ) -> None:
        """Listen; port 0 takes any free one. Raises OSError where that cannot be.

        No more than `at_once` connections are held, further ones wait to be accepted. A request with a body of more
        than `body_bytes` gets a 413, and one that sends nothing for `seconds` is cut off.
        """
        logging.getLogger("waitress").setLevel(logging.ERROR)  # it warns of all who wait: that is what limits are for
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.create_server(address[:2], family=family, backlog=128)
        self.address = _named(*listening.getsockname()[:2])  # HOST:PORT, where it listens
        self._server: Any = create_server(
            application,
            sockets=[listening],
            threads=at_once,
            connection_limit=at_once + _OWN_SOCKETS,
            max_request_body_size=body_bytes + 1,  # the first size that is refused
            max_request_header_size=_HEADER_BYTES,
            channel_timeout=seconds,
            cleanup_interval=seconds,
            ident=None,
            asyncore_use_poll=True,
        )
        threading.Thread(target=self._server.run, name="web server", daemon=True).start()

    def close(self) -> None:
        """Listen no more. Requests that are being answered still are."""
        # In the server's own thread, which would else find a closed socket among those that it waits for.
        self._server.trigger.pull_trigger(lambda: wasyncore.dispatcher.close(self._server))


def _named(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
