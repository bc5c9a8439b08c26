"""The model server: Triton over gRPC, a deadline on every call, and every failure as one ServerError.

It is not trusted: no answer takes more memory than the pixels that were asked for, and what is not those pixels is no
answer.
"""

import re
import time
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

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
    SERVER_TOO_MUCH,
    SERVER_WRONG_SIZE,
    WRONG_MODEL,
    ServerDown,
    ServerError,
    ServerInvalid,
    ServerSlow,
)
from slackbot.inference.servers import FAILURES, Server, Servers
from slackbot.limits import ServerLimits
from slackbot.ops import metrics, tracing
from slackbot.ops.metrics import Refusal

MODEL, INPUT, OUTPUT, SCALE, CHANNELS = "enhancer", "image", "enhanced", 4, 3
_PROBE = np.zeros((1, 32, 32, 3), np.uint8)
_ANY_SIZE = -1
_AROUND = 64 * 1024  # bytes of an answer beside its pixels
_VERSION = re.compile(r"[0-9]{1,19}", re.ASCII)  # Triton's are positive numbers of 64 bits
# What gRPC says of a connection that both ends could not agree on, in this order.
_DISTRUST = (
    ("CERTIFICATE_VERIFY_FAILED", CERTIFICATE_UNKNOWN),
    ("Hostname Verification", CERTIFICATE_OF_ANOTHER),
    ("Tls handshake failed", NO_TLS),
    ("failing; last error: UNAVAILABLE", HUNG_UP),
)
_DISTRUSTED = {sentence for _, sentence in _DISTRUST}


class ModelServer:
    """One for the life of the process; its methods may be called from several threads."""

    def __init__(self, endpoint: Endpoint, limits: ServerLimits) -> None:
        side = SCALE * max(limits.tile, *_PROBE.shape[1:3])
        self._servers = Servers(endpoint, CHANNELS * side**2 + _AROUND, limits.breaker_seconds)
        self._tls = endpoint.tls
        self._limits = limits

    def check(self) -> None:
        """Make sure, within `probe_seconds`, that the server has the model of the contract and uses it."""
        begin = time.monotonic()
        self.find_model()
        left = self._limits.probe_seconds - (time.monotonic() - begin)
        self._infer(_PROBE, max(left, 0.001))

    def find_model(self) -> None:
        """Make sure, within `probe_seconds`, that the server answers and has the model of the contract.

        Unlike `check` this does not wait behind the tiles that the server has to do.
        """
        metadata = self._call("get_model_metadata", MODEL, seconds=self._limits.probe_seconds)
        given = {(put.name, put.datatype, tuple(put.shape)) for put in (*metadata.inputs, *metadata.outputs)}
        pixels = ("UINT8", (_ANY_SIZE, _ANY_SIZE, _ANY_SIZE, 3))
        if given != {(INPUT, *pixels), (OUTPUT, *pixels)}:
            raise ServerInvalid(WRONG_MODEL)

    def enlarge(self, tile: np.ndarray) -> tuple[np.ndarray, str]:
        """UINT8 pixels [H, W, 3] -> pixels [4H, 4W, 3] and the model's version. Raises ServerError."""
        with tracing.span("tile", pixels=tile.shape[0] * tile.shape[1]):
            enlarged, version = self._infer(tile[None], self._limits.tile_seconds)
        return enlarged[0], version

    def close(self) -> None:
        """Close the connection."""
        self._servers.close()

    def _infer(self, batch: np.ndarray, seconds: float) -> tuple[np.ndarray, str]:
        pixels = triton.InferInput(INPUT, list(batch.shape), "UINT8")
        pixels.set_data_from_numpy(batch)
        count, height, width, _ = batch.shape
        wanted = [triton.InferRequestedOutput(OUTPUT)]
        result = self._call("infer", MODEL, [pixels], seconds=seconds, outputs=wanted, headers=tracing.headers())
        try:
            return _pixels(result, (count, SCALE * height, SCALE * width, CHANNELS))
        except ServerInvalid:
            metrics.refuse(Refusal.MODEL_ANSWER)
            raise

    def _call(self, method: str, *args: Any, seconds: float, **options: Any) -> Any:
        """What a server answers within `seconds`. Where one does not, another is asked once, in the time that is left.

        So the first of several has half of the time.
        """
        ends = time.monotonic() + seconds
        try:
            if not self._servers.several():
                return self._ask(None, seconds, method, *args, **options)
            try:
                return self._ask(None, seconds / 2, method, *args, **options)
            except _Elsewhere as first:
                return self._ask(first.server, max(ends - time.monotonic(), 0.001), method, *args, **options)
        except _Elsewhere as last:
            raise self._counted(last.error) from last.error

    def _ask(self, avoid: Server | None, seconds: float, method: str, *args: Any, **options: Any) -> Any:
        if method == "infer":
            options["timeout"] = round(seconds * 1e6)  # a request that waited longer in the queue is dropped there
        server = None
        try:
            with self._servers.client(avoid) as (server, client):
                return getattr(client, method)(*args, client_timeout=seconds, **options)
        except InferenceServerException as error:
            if (error.status() or "").endswith(FAILURES):
                raise _Elsewhere(server, error) from error
            raise self._counted(error) from error

    def _counted(self, error: InferenceServerException) -> ServerError:
        found = _server_error(error.status() or "", error.message() or "", self._tls)
        if str(found) in _DISTRUSTED:
            metrics.refuse(Refusal.MODEL_SERVER)
        if str(found) == SERVER_TOO_MUCH:
            metrics.refuse(Refusal.MODEL_ANSWER)
        return found


class _Elsewhere(Exception):  # noqa: N818 - no error, while there is another server
    """A server failed in a way in which another may not."""

    def __init__(self, server: Server | None, error: InferenceServerException) -> None:
        super().__init__(str(error))
        self.server, self.error = server, error


def _pixels(result: Any, expected: tuple[int, ...]) -> tuple[np.ndarray, str]:
    """The pixels of an answer and the version that made them. Raises ServerInvalid, whatever the answer holds."""
    try:
        said, version = result.get_output(OUTPUT), result.get_response().model_version
        # What it says it is, before it is taken apart: other types are decoded value by value.
        if said is None or said.datatype != "UINT8" or tuple(said.shape) != expected:
            raise ServerInvalid(SERVER_WRONG_SIZE)
        enlarged = result.as_numpy(OUTPUT)
    except ServerInvalid:
        raise
    except Exception as error:  # the decoder raises what it likes
        raise ServerInvalid(SERVER_NONSENSE) from error
    if enlarged is None or enlarged.dtype != np.uint8 or enlarged.shape != expected:
        raise ServerInvalid(SERVER_WRONG_SIZE)
    if not _VERSION.fullmatch(version):  # people are told of it
        raise ServerInvalid(SERVER_NONSENSE)
    return enlarged, version


def _server_error(status: str, said: str, tls: bool) -> ServerError:
    if status.endswith("DEADLINE_EXCEEDED"):
        return ServerSlow(SERVER_LATE)
    if status.endswith("RESOURCE_EXHAUSTED"):
        return ServerInvalid(SERVER_TOO_MUCH)
    if status.endswith(("UNAVAILABLE", "NOT_FOUND", "CANCELLED")):
        return ServerDown(next((sentence for sign, sentence in _DISTRUST if tls and sign in said), SERVER_DOWN))
    return ServerInvalid(SERVER_COULD_NOT)
