"""The model server: Triton over gRPC, a deadline on every call, and every failure as one ServerError."""

import json
import time
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slackbot.errors import ServerDown, ServerError, ServerSlow, ServerWrong
from slackbot.limits import Limits

MODEL, INPUT, OUTPUT, SCALE = "enhancer", "image", "enhanced", 4
_PROBE = np.zeros((1, 32, 32, 3), np.uint8)
_ANY_SIZE = -1

# Given as channel arguments these replace all of the client's own, its unlimited message sizes among them. Triton
# answers a full queue with UNAVAILABLE, which is worth a short wait. Backoff: found again 0.5 s after its return
# instead of 19 s.
_RETRY = {
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
    ]
}
_CHANNEL = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.per_rpc_retry_buffer_size", 16 * 2**20),  # larger requests are never tried again
    ("grpc.service_config", json.dumps(_RETRY)),
]


class ModelServer:
    """One connection for the life of the process; its methods may be called from several threads."""

    def __init__(self, address: str, limits: Limits) -> None:
        self._client = triton.InferenceServerClient(address, channel_args=_CHANNEL)
        self._limits = limits

    def check(self) -> None:
        """Make sure, within `probe_seconds`, that the server has the model of the contract and answers."""
        begin = time.monotonic()
        metadata = _call(self._client.get_model_metadata, MODEL, client_timeout=self._limits.probe_seconds)
        given = {(put.name, put.datatype, tuple(put.shape)) for put in (*metadata.inputs, *metadata.outputs)}
        pixels = ("UINT8", (_ANY_SIZE, _ANY_SIZE, _ANY_SIZE, 3))
        if given != {(INPUT, *pixels), (OUTPUT, *pixels)}:
            raise ServerWrong("the model on the server takes or gives something else than pixels")
        left = self._limits.probe_seconds - (time.monotonic() - begin)
        self._infer(_PROBE, max(left, 0.001))

    def enlarge(self, tile: np.ndarray) -> tuple[np.ndarray, str]:
        """UINT8 pixels [H, W, 3] -> pixels [4H, 4W, 3] and the model's version. Raises ServerError."""
        enlarged, version = self._infer(tile[None], self._limits.tile_seconds)
        return enlarged[0], version

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _infer(self, batch: np.ndarray, seconds: float) -> tuple[np.ndarray, str]:
        pixels = triton.InferInput(INPUT, list(batch.shape), "UINT8")
        pixels.set_data_from_numpy(batch)
        result = _call(
            self._client.infer,
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
            raise ServerWrong("the model server's answer made no sense") from error
        count, height, width, _ = batch.shape
        expected = (count, SCALE * height, SCALE * width, 3)
        if enlarged is None or enlarged.dtype != np.uint8 or enlarged.shape != expected:
            raise ServerWrong("the model server's answer was not a picture of the right size")
        return enlarged, version


def _call(method: Any, *args: Any, **options: Any) -> Any:
    try:
        return method(*args, **options)
    except InferenceServerException as error:
        raise _server_error(error.status() or "") from error


def _server_error(status: str) -> ServerError:
    if status.endswith("DEADLINE_EXCEEDED"):
        return ServerSlow("the model server did not answer in time")
    if status.endswith(("UNAVAILABLE", "NOT_FOUND", "CANCELLED")):
        return ServerDown("the model server is not available")
    return ServerWrong("the model server could not do it")
