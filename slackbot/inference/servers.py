"""The servers behind one address: each with its own connection, and one that fails left alone for a while."""

import ipaddress
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slackbot.inference.channel import ChannelPool
from slackbot.inference.endpoint import Endpoint
from slackbot.inference.errors import ServerInvalid
from slackbot.ops import metrics

_RESOLVE_SECONDS = 10.0  # between two looks at what a name stands for
_UNKNOWN_SECONDS = 1.0  # the same, while the name stands for nothing
_REST_SECONDS = 60.0  # for which a server that fails again and again is left alone, at most


@dataclass
class Server:
    """One address of a model server."""

    address: str
    channels: ChannelPool
    calls: int = 0
    used: float = 0.0
    failures: int = 0
    rests_until: float = 0.0
    gone: bool = False


class Servers:
    """All servers of an endpoint, for several threads. Names are resolved anew every 10 s.

    A call goes to the server with the fewest calls under way. A server at which one fails, however it does, rests for
    `rest_seconds`, twice as long each time up to a minute; then one call tries it. Where all rest, calls go to the one
    that rests the shortest.
    """

    def __init__(self, endpoint: Endpoint, most_bytes: int, rest_seconds: float) -> None:
        self._endpoint, self._most_bytes, self._rest = endpoint, most_bytes, rest_seconds
        self._lock = threading.Lock()
        self._servers: dict[str, Server] = {}
        self._stale_at = 0.0
        self._update(resolve(endpoint.places))

    def several(self) -> bool:
        """Whether there is another to go to."""
        return len(self._servers) > 1

    @contextmanager
    def client(self, avoid: Server | None = None) -> Iterator[tuple[Server, triton.InferenceServerClient]]:
        """A server, rather another than `avoid`, and its client for one call.

        The call's InferenceServerException is to pass through here, and ServerInvalid where its answer is no good.
        """
        server = self._take(avoid)
        try:
            with metrics.TILE_SECONDS.labels(server.address).time(), server.channels.client() as client:
                yield server, client
            server.failures, server.rests_until = 0, 0.0
        except (InferenceServerException, ServerInvalid):
            self._let_rest(server)
            raise
        finally:
            with self._lock:
                server.calls -= 1
                over = server.gone and not server.calls
            if over:
                server.channels.close()

    def close(self) -> None:
        """Close every connection under whoever still uses it."""
        with self._lock:
            self._stale_at = float("inf")
            servers = [*self._servers.values()]
        for server in servers:
            server.channels.close()

    def _take(self, avoid: Server | None) -> Server:
        with self._lock:
            now = time.monotonic()
            if now > self._stale_at:
                self._stale_at = float("inf")
                threading.Thread(target=self._refresh, name="resolve", daemon=True).start()
            servers = [*self._servers.values()]
            others = [each for each in servers if each is not avoid] or servers
            # One that has failed is tried by one call at a time.
            awake = [each for each in others if each.rests_until <= now and not (each.failures and each.calls)]
            # `used` makes those that have as much to do take turns.
            chosen = min(awake, key=_load) if awake else min(others, key=lambda each: each.rests_until)
            chosen.calls, chosen.used = chosen.calls + 1, now
            return chosen

    def _let_rest(self, server: Server) -> None:
        with self._lock:
            now = time.monotonic()
            if server.rests_until <= now:  # else several calls saw the same failure
                server.failures += 1
            server.rests_until = max(server.rests_until, now + self._rest_of(server))

    def _rest_of(self, server: Server) -> float:
        return min(_REST_SECONDS, self._rest * 2 ** min(server.failures - 1, 16))

    def _refresh(self) -> None:
        self._update(resolve(self._endpoint.places))

    def _update(self, addresses: list[str]) -> None:
        """Take what a name stands for now. Where that is nothing, what it stood for stays."""
        with self._lock:
            wait = _RESOLVE_SECONDS if addresses else _UNKNOWN_SECONDS
            self._stale_at = float("inf") if self._endpoint.fixed else time.monotonic() + wait
            if not addresses and self._servers:
                return
            wanted = set(addresses or [self._endpoint.target])  # of an unknown one gRPC says what is wrong with it
            self._join(wanted - set(self._servers))
            left = self._leave(set(self._servers) - wanted)
        for each in left:
            each.channels.close()

    def _join(self, addresses: set[str]) -> None:
        for address in addresses:
            channels = ChannelPool(self._endpoint, self._most_bytes, address)
            self._servers[address] = Server(address, channels)

    def _leave(self, addresses: set[str]) -> list[Server]:
        """Those that nobody uses; the others are closed after their last call."""
        left = [self._servers.pop(address) for address in addresses]
        for each in left:
            each.gone = True
            metrics.TILE_SECONDS.remove(each.address)  # or the addresses of pods would pile up
        return [each for each in left if not each.calls]


def resolve(places: Iterable[str]) -> list[str]:
    """HOST:PORT... -> the IP:PORT that they stand for, in their order; none where a name is unknown.

    Of a name that has addresses of both kinds IPv4 counts, or a server that has both would be taken for two. What this
    machine calls localhost is left to gRPC, because a server may listen on either.
    """
    found: list[str] = []
    for place in places:
        host, _, port = place.removeprefix("dns:///").rpartition(":")
        if host == "localhost" or "/" in host or is_ip(host):
            found.append(place)
            continue
        try:
            answers = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
        except OSError:
            return []
        kind = min(family for family, *_ in answers)  # AF_INET is less than AF_INET6
        for family, *_, address in answers:
            if family == kind:
                found.append(f"[{address[0]}]:{port}" if ":" in str(address[0]) else f"{address[0]}:{port}")
    return list(dict.fromkeys(found))


def is_ip(host: str) -> bool:
    """Whether it is an address already."""
    try:
        return bool(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return False


def _load(server: Server) -> tuple[int, float]:
    return server.calls, server.used
