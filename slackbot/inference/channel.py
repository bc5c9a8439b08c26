"""The connection to the model server: how it is made, and how one that leads nowhere is left behind."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import grpc
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slackbot.inference.endpoint import Endpoint

CONNECT_SECONDS = 3.0  # for one attempt, TLS included

# Triton answers a full queue with UNAVAILABLE, which is worth a short wait. `localhost` may have two addresses.
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
    ("grpc.enable_http_proxy", 0),  # a proxy of the environment is for Slack, and knows no way to a server near by
    ("grpc.max_send_message_length", -1),
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
class _Channel:
    client: triton.InferenceServerClient
    made: float = field(default_factory=time.monotonic)
    calls: int = 0

    @property
    def is_young(self) -> bool:
        """Whether it may still be connecting, so that its successor would need as long."""
        return time.monotonic() - self.made <= CONNECT_SECONDS


class ChannelPool:
    """The gRPC client of one server in use, for several threads.

    TCP may hold on for minutes to a connection whose other end is gone, so one that let a deadline pass is replaced.
    Calls of other threads end on the one they began on; it is closed after the last of them.
    """

    def __init__(self, endpoint: Endpoint, most_bytes: int, address: str) -> None:
        """`address` is one of the endpoint's. An answer of more than `most_bytes` ends in RESOURCE_EXHAUSTED."""
        self._connect = _connector(endpoint, address, [*_CHANNEL, ("grpc.max_receive_message_length", most_bytes)])
        self._lock = threading.Lock()
        self._current = _Channel(self._connect())

    @contextmanager
    def client(self) -> Iterator[triton.InferenceServerClient]:
        """The client for one call, whose InferenceServerException is to pass through here."""
        with self._lock:
            channel = self._current
            channel.calls += 1
        try:
            yield channel.client
        except InferenceServerException as error:
            if (error.status() or "").endswith("DEADLINE_EXCEEDED"):
                self._replace(channel)
            raise
        finally:
            with self._lock:
                channel.calls -= 1
                over = channel is not self._current and not channel.calls
            if over:
                channel.client.close()

    def close(self) -> None:
        """Close it under whoever still uses it."""
        self._current.client.close()

    def _replace(self, channel: _Channel) -> None:
        with self._lock:
            if channel is self._current and not channel.is_young:
                self._current = _Channel(self._connect())


def _connector(
    endpoint: Endpoint, address: str, channel: list[tuple[str, Any]]
) -> Callable[[], triton.InferenceServerClient]:
    if not endpoint.tls:
        return partial(triton.InferenceServerClient, address, channel_args=channel)
    ca, key, certificate = (file and file.read_bytes() for file in (endpoint.ca, endpoint.key, endpoint.certificate))
    # The address may be one that the host's name stands for, and the certificate names the host.
    expected = endpoint.name or ("" if endpoint.fixed else endpoint.host)
    name = [("grpc.ssl_target_name_override", expected)] if expected else []
    return partial(
        triton.InferenceServerClient,
        address,
        creds=grpc.ssl_channel_credentials(ca, key, certificate),
        channel_args=[*channel, *name],
    )
