"""The model server: Triton over gRPC, a deadline on every call, and every failure as one ServerError."""

import time
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slackbot import replies
from slackbot.address import Address
from slackbot.connection import Connection
from slackbot.errors import ServerDown, ServerError, ServerSlow, ServerWrong
from slackbot.limits import Limits

MODEL, INPUT, OUTPUT, SCALE = "enhancer", "image", "enhanced", 4
_PROBE = np.zeros((1, 32, 32, 3), np.uint8)
_ANY_SIZE = -1
# What gRPC says of a connection that both ends could not agree on, in this order.
_DISTRUST = (
    ("CERTIFICATE_VERIFY_FAILED", replies.CERTIFICATE_UNKNOWN),
    ("Hostname Verification", replies.CERTIFICATE_OF_ANOTHER),
    ("Tls handshake failed", replies.NO_TLS),
    ("failing; last error: UNAVAILABLE", replies.HUNG_UP),
)


class ModelServer:
    """One for the life of the process; its methods may be called from several threads."""

    def __init__(self, address: Address, limits: Limits) -> None:
        self._connection = Connection(address)
        self._tls = address.tls
        self._limits = limits

    def check(self) -> None:
        """Make sure, within `probe_seconds`, that the server has the model of the contract and answers."""
        begin = time.monotonic()
        metadata = self._call("get_model_metadata", MODEL, client_timeout=self._limits.probe_seconds)
        given = {(put.name, put.datatype, tuple(put.shape)) for put in (*metadata.inputs, *metadata.outputs)}
        pixels = ("UINT8", (_ANY_SIZE, _ANY_SIZE, _ANY_SIZE, 3))
        if given != {(INPUT, *pixels), (OUTPUT, *pixels)}:
            raise ServerWrong(replies.WRONG_MODEL)
        left = self._limits.probe_seconds - (time.monotonic() - begin)
        self._infer(_PROBE, max(left, 0.001))

    def enlarge(self, tile: np.ndarray) -> tuple[np.ndarray, str]:
        """UINT8 pixels [H, W, 3] -> pixels [4H, 4W, 3] and the model's version. Raises ServerError."""
        enlarged, version = self._infer(tile[None], self._limits.tile_seconds)
        return enlarged[0], version

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

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
            raise ServerWrong(replies.SERVER_NONSENSE) from error
        count, height, width, _ = batch.shape
        expected = (count, SCALE * height, SCALE * width, 3)
        if enlarged is None or enlarged.dtype != np.uint8 or enlarged.shape != expected:
            raise ServerWrong(replies.SERVER_WRONG_SIZE)
        return enlarged, version

    def _call(self, method: str, *args: Any, **options: Any) -> Any:
        try:
            with self._connection.client() as client:
                return getattr(client, method)(*args, **options)
        except InferenceServerException as error:
            raise _server_error(error.status() or "", error.message() or "", self._tls) from error


def _server_error(status: str, said: str, tls: bool) -> ServerError:
    if status.endswith("DEADLINE_EXCEEDED"):
        return ServerSlow(replies.SERVER_LATE)
    if status.endswith(("UNAVAILABLE", "NOT_FOUND", "CANCELLED")):
        return ServerDown(next((sentence for sign, sentence in _DISTRUST if tls and sign in said), replies.SERVER_DOWN))
    return ServerWrong(replies.SERVER_COULD_NOT)
