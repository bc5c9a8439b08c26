"""The model server: Triton over gRPC, a deadline on every call, and every failure as one ServerError."""

import time
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slackbot.inference.channel import ChannelPool
from slackbot.inference.endpoint import Endpoint
from slackbot.inference.errors import (
    CERTIFICATE_OF_ANOTHER,
    CERTIFICATE_UNKNOWN,
    HUNG_UP,
    NO_TLS,
    SERVER_COULD_NOT,
    SERVER_DOWN,
    SERVER_LATE,
    SERVER_NONSENSE,
    SERVER_WRONG_SIZE,
    WRONG_MODEL,
    ServerDown,
    ServerError,
    ServerInvalid,
    ServerSlow,
)
from slackbot.limits import ServerLimits

MODEL, INPUT, OUTPUT, SCALE = "enhancer", "image", "enhanced", 4
_PROBE = np.zeros((1, 32, 32, 3), np.uint8)
_ANY_SIZE = -1
# What gRPC says of a connection that both ends could not agree on, in this order.
_DISTRUST = (
    ("CERTIFICATE_VERIFY_FAILED", CERTIFICATE_UNKNOWN),
    ("Hostname Verification", CERTIFICATE_OF_ANOTHER),
    ("Tls handshake failed", NO_TLS),
    ("failing; last error: UNAVAILABLE", HUNG_UP),
)


class ModelServer:
    """One for the life of the process; its methods may be called from several threads."""

    def __init__(self, endpoint: Endpoint, limits: ServerLimits) -> None:
        self._channels = ChannelPool(endpoint)
        self._tls = endpoint.tls
        self._limits = limits

    def check(self) -> None:
        """Make sure, within `probe_seconds`, that the server has the model of the contract and answers."""
        begin = time.monotonic()
        metadata = self._call("get_model_metadata", MODEL, client_timeout=self._limits.probe_seconds)
        given = {(put.name, put.datatype, tuple(put.shape)) for put in (*metadata.inputs, *metadata.outputs)}
        pixels = ("UINT8", (_ANY_SIZE, _ANY_SIZE, _ANY_SIZE, 3))
        if given != {(INPUT, *pixels), (OUTPUT, *pixels)}:
            raise ServerInvalid(WRONG_MODEL)
        left = self._limits.probe_seconds - (time.monotonic() - begin)
        self._infer(_PROBE, max(left, 0.001))

    def enlarge(self, tile: np.ndarray) -> tuple[np.ndarray, str]:
        """UINT8 pixels [H, W, 3] -> pixels [4H, 4W, 3] and the model's version. Raises ServerError."""
        enlarged, version = self._infer(tile[None], self._limits.tile_seconds)
        return enlarged[0], version

    def close(self) -> None:
        """Close the connection."""
        self._channels.close()

    def _infer(self, batch: np.ndarray, seconds: float) -> tuple[np.ndarray, str]:
        pixels = triton.InferInput(INPUT, list(batch.shape), "UINT8")
        pixels.set_data_from_numpy(batch)
        result = self._call(
            "infer",
            MODEL,
            [pixels],
            outputs=[triton.InferRequestedOutput(OUTPUT)],
            client_timeout=seconds,
            timeout=round(seconds * 1e6),  # a request that waited longer in the queue is dropped there
        )
        try:
            enlarged = result.as_numpy(OUTPUT)
            version = result.get_response().model_version
        except (ValueError, TypeError) as error:
            raise ServerInvalid(SERVER_NONSENSE) from error
        count, height, width, _ = batch.shape
        expected = (count, SCALE * height, SCALE * width, 3)
        if enlarged is None or enlarged.dtype != np.uint8 or enlarged.shape != expected:
            raise ServerInvalid(SERVER_WRONG_SIZE)
        return enlarged, version

    def _call(self, method: str, *args: Any, **options: Any) -> Any:
        try:
            with self._channels.client() as client:
                return getattr(client, method)(*args, **options)
        except InferenceServerException as error:
            raise _server_error(error.status() or "", error.message() or "", self._tls) from error


def _server_error(status: str, said: str, tls: bool) -> ServerError:
    if status.endswith("DEADLINE_EXCEEDED"):
        return ServerSlow(SERVER_LATE)
    if status.endswith(("UNAVAILABLE", "NOT_FOUND", "CANCELLED")):
        return ServerDown(next((sentence for sign, sentence in _DISTRUST if tls and sign in said), SERVER_DOWN))
    return ServerInvalid(SERVER_COULD_NOT)
