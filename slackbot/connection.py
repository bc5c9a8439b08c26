"""The connection to the model server: how it is made, and how one that leads nowhere is left behind."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import grpc
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slackbot.address import Address

CONNECT_SECONDS = 3.0  # for one attempt, TLS included

# Servers take turns, and one that is gone takes none. Triton answers a full queue with UNAVAILABLE, which is worth a
# short wait; from a server that went away the next attempt goes to another.
_SERVICE = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{"service": "inference.GRPCInferenceService"}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.2s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}
# Given as channel arguments these replace all of the client's own, its unlimited message sizes among them. Backoff:
# found again 0.5 s after its return instead of 19 s.
_CHANNEL = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.min_reconnect_backoff_ms", int(1000 * CONNECT_SECONDS)),  # whatever its name: how long an attempt may take
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.per_rpc_retry_buffer_size", 16 * 2**20),  # larger requests are never tried again
    ("grpc.use_local_subchannel_pool", 1),  # else a new channel would take over the old one's TCP connection
    ("grpc.service_config", json.dumps(_SERVICE)),
]


@dataclass
class _Line:
    client: triton.InferenceServerClient
    made: float = field(default_factory=time.monotonic)
    calls: int = 0


class Connection:
    """The gRPC client in use, for several threads.

    TCP may hold on for minutes to a connection whose other end is gone, so one that let a deadline pass is replaced.
    Calls of other threads end on the one they began on; it is closed after the last of them.
    """

    def __init__(self, address: Address) -> None:
        self._connect = _connector(address)
        self._lock = threading.Lock()
        self._line = _Line(self._connect())

    @contextmanager
    def client(self) -> Iterator[triton.InferenceServerClient]:
        """The client for one call, whose InferenceServerException is to pass through here."""
        with self._lock:
            line = self._line
            line.calls += 1
        try:
            yield line.client
        except InferenceServerException as error:
            if (error.status() or "").endswith("DEADLINE_EXCEEDED"):
                self._leave(line)
            raise
        finally:
            with self._lock:
                line.calls -= 1
                over = line is not self._line and not line.calls
            if over:
                line.client.close()

    def close(self) -> None:
        """Close it under whoever still uses it."""
        self._line.client.close()

    def _leave(self, line: _Line) -> None:
        with self._lock:
            # A young one may still be connecting, and its successor would need as long.
            if line is self._line and time.monotonic() - line.made > CONNECT_SECONDS:
                self._line = _Line(self._connect())


def _connector(address: Address) -> Callable[[], triton.InferenceServerClient]:
    if not address.tls:
        return partial(triton.InferenceServerClient, address.target, channel_args=_CHANNEL)
    ca, key, certificate = (file and file.read_bytes() for file in (address.ca, address.key, address.certificate))
    name = [("grpc.ssl_target_name_override", address.name)] if address.name else []
    return partial(
        triton.InferenceServerClient,
        address.target,
        creds=grpc.ssl_channel_credentials(ca, key, certificate),
        channel_args=[*_CHANNEL, *name],
    )
