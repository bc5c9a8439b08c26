"""The model server: Triton over gRPC, a deadline on every call, and every failure as one ServerError.

It is not trusted: no answer takes more memory than the pixels that were asked for, and what is not those pixels is no
answer.
"""

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

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
from slackbot.inference.servers import Server, Servers
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
_NO_PIXELS = {SERVER_NONSENSE, SERVER_TOO_MUCH, SERVER_WRONG_SIZE}
Answer = TypeVar("Answer")
Ask = Callable[[triton.InferenceServerClient, float], Answer]  # with the seconds that there are for it


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

        def ask(client: triton.InferenceServerClient, seconds: float) -> None:
            _check_contract(client.get_model_metadata(MODEL, client_timeout=seconds))

        self._call(ask, self._limits.probe_seconds)

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
        expected = (count, SCALE * height, SCALE * width, CHANNELS)
        wanted, headers = [triton.InferRequestedOutput(OUTPUT)], tracing.headers()

        def ask(client: triton.InferenceServerClient, seconds: float) -> tuple[np.ndarray, str]:
            late = round(seconds * 1e6)  # a request that waited longer in the queue is dropped there
            result = client.infer(
                MODEL, [pixels], outputs=wanted, headers=headers, timeout=late, client_timeout=seconds
            )
            return _pixels(result, expected)

        return self._call(ask, seconds)

    def _call(self, ask: Ask[Answer], seconds: float) -> Answer:
        """What `ask` makes of a server's answer, within `seconds`. Where one fails, another is asked once.

        So the first of several has half of the time, and the other what is left. Raises ServerError.
        """
        ends = time.monotonic() + seconds
        tried: Server | None = None
        failed = ServerError(SERVER_DOWN)
        for attempts in (2, 1) if self._servers.several() else (1,):
            share = max((ends - time.monotonic()) / attempts, 0.001)
            try:
                with self._servers.client(avoid=tried) as (tried, client):
                    return ask(client, share)
            except (InferenceServerException, ServerInvalid) as error:
                failed = self._counted(error)
        raise failed

    def _counted(self, error: InferenceServerException | ServerInvalid) -> ServerError:
        found = _server_error(error, self._tls)
        if str(found) in _DISTRUSTED:
            metrics.refuse(Refusal.MODEL_SERVER)
        if str(found) in _NO_PIXELS:
            metrics.refuse(Refusal.MODEL_ANSWER)
        return found


def _check_contract(metadata: Any) -> None:
    given = {(put.name, put.datatype, tuple(put.shape)) for put in (*metadata.inputs, *metadata.outputs)}
    pixels = ("UINT8", (_ANY_SIZE, _ANY_SIZE, _ANY_SIZE, 3))
    if given != {(INPUT, *pixels), (OUTPUT, *pixels)}:
        raise ServerInvalid(WRONG_MODEL)


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


def _server_error(error: InferenceServerException | ServerInvalid, tls: bool) -> ServerError:
    if isinstance(error, ServerInvalid):
        return error
    status, said = error.status() or "", error.message() or ""
    if status.endswith("DEADLINE_EXCEEDED"):
        return ServerSlow(SERVER_LATE)
    if status.endswith("RESOURCE_EXHAUSTED"):
        return ServerInvalid(SERVER_TOO_MUCH)
    if status.endswith(("UNAVAILABLE", "NOT_FOUND", "CANCELLED")):
        return ServerDown(next((sentence for sign, sentence in _DISTRUST if tls and sign in said), SERVER_DOWN))
    return ServerInvalid(SERVER_COULD_NOT)
