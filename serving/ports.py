"""Choose and check the addresses of a server before it starts."""

import errno
import socket
from contextlib import ExitStack
from dataclasses import dataclass, replace

from serving.errors import PortTaken


@dataclass(frozen=True)
class Ports:
    """TCP ports; 0 asks for any free one, None for no HTTP: Triton before 25.07 has published holes in it."""

    http: int | None = None
    grpc: int = 8001
    metrics: int = 8002


def settle(host: str, wanted: Ports) -> Ports:
    """The same ports with every 0 replaced; raises PortTaken where one cannot be bound on `host`.

    All are held at once, so that they differ; they are free again on return, for the server to take.
    """
    chosen = wanted
    with ExitStack() as held:
        for name in ("http", "grpc", "metrics"):
            port = getattr(wanted, name)
            if port is None:
                continue
            try:
                listener = held.enter_context(socket.create_server((host, port)))
            except OSError as error:
                raise PortTaken(_sentence(host, name, port, error)) from None
            chosen = replace(chosen, **{name: listener.getsockname()[1]})
    return chosen


def _sentence(host: str, name: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} for {name} is taken on {host}: choose another with --{name}-port (0 takes any free one)"
    return f"cannot listen on {host}:{port} for {name}: {error.strerror or error}"
