"""A model server that wants to harm: whatever it answers, the photo is enlarged without it and the bot goes on.

The answers come over real gRPC, message by message as a hostile server would write them.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from PIL import Image
from prometheus_client import REGISTRY

from slackbot.imaging.formats import FORMATS
from slackbot.imaging.photo import Photo
from slackbot.inference import errors
from slackbot.inference.endpoint import Endpoint
from slackbot.inference.enhancer import Enhancer
from slackbot.inference.triton import ModelServer
from slackbot.job import Outcome
from slackbot.limits import PhotoLimits, ServerLimits
from slackbot.slack import messages
from tests.nearest_model import messages as protocol
from tests.processes import ROOT

LIMITS = ServerLimits(tile_seconds=60.0, photo_seconds=300.0)
WIDTH, HEIGHT = 30, 20
MANY = 64 * 2**20
PIXELS = bytes(HEIGHT * WIDTH * 16 * 3)
SHAPE = (1, HEIGHT * 4, WIDTH * 4, 3)


def answer(
    content: bytes = PIXELS,
    datatype: str = "UINT8",
    shape: tuple[int, ...] = SHAPE,
    name: str = "enhanced",
    version: str = "7",
    more: int = 0,
) -> Any:
    """An answer; `more` bytes stand in an output that nobody asked for."""
    tensor = protocol.ModelInferResponse.InferOutputTensor
    outputs = [tensor(name=name, datatype=datatype, shape=shape)]
    contents = [content]
    if more:
        outputs.append(tensor(name="more", datatype="UINT8", shape=[more]))
        contents.append(bytes(more))
    return protocol.ModelInferResponse(
        model_name="enhancer", model_version=version, outputs=outputs, raw_output_contents=contents
    )


def in_the_fields(**values: Any) -> Any:
    """An answer that carries its values in the message's fields instead of raw bytes."""
    tensor = protocol.ModelInferResponse.InferOutputTensor(name="enhanced", datatype="UINT8", shape=SHAPE)
    for field, value in values.items():
        getattr(tensor.contents, field).extend(value)
    return protocol.ModelInferResponse(model_name="enhancer", model_version="7", outputs=[tensor])


def bomb(_: Any, context: Any) -> Any:
    """64 MB of zeros in 64 kB."""
    context.set_compression(grpc.Compression.Gzip)
    return answer(more=MANY)


def refusing(status: grpc.StatusCode, words: str) -> Callable[[Any, Any], Any]:
    return lambda _, context: context.abort(status, words)


def saying(reply: Any) -> Callable[[Any, Any], Any]:
    return lambda *_: reply


HOSTILE: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "no output at all": (saying(protocol.ModelInferResponse(model_version="7")), errors.SERVER_WRONG_SIZE),
    "an output of another name": (saying(answer(name="other")), errors.SERVER_WRONG_SIZE),
    "half the size": (saying(answer(shape=(1, 40, 60, 3))), errors.SERVER_WRONG_SIZE),
    "wide where it was high": (saying(answer(shape=(1, WIDTH * 4, HEIGHT * 4, 3))), errors.SERVER_WRONG_SIZE),
    "sides below zero": (saying(answer(shape=(1, -80, -120, 3))), errors.SERVER_WRONG_SIZE),
    "sides without end": (saying(answer(shape=(2**62, 2**62, 2**62, 3))), errors.SERVER_WRONG_SIZE),
    "a thousand dimensions": (saying(answer(shape=(1,) * 1000)), errors.SERVER_WRONG_SIZE),
    "floating-point numbers": (saying(answer(bytes(4 * len(PIXELS)), "FP32")), errors.SERVER_WRONG_SIZE),
    "texts (BYTES)": (saying(answer(b"\xff\xff\xff\x7fgarbage", "BYTES")), errors.SERVER_WRONG_SIZE),
    "texts without end": (saying(answer(b"\xff", "BYTES", (1,))), errors.SERVER_WRONG_SIZE),
    "an unknown type": (saying(answer(datatype="EVIL")), errors.SERVER_WRONG_SIZE),
    "bfloat16": (saying(answer(b"odd", "BF16")), errors.SERVER_WRONG_SIZE),
    "too few bytes": (saying(answer(b"garbage")), errors.SERVER_NONSENSE),
    "no bytes": (saying(answer(b"")), errors.SERVER_NONSENSE),
    "too many bytes": (saying(answer(PIXELS + b"!")), errors.SERVER_NONSENSE),
    "values in fields": (saying(in_the_fields(uint_contents=[300])), errors.SERVER_NONSENSE),
    "64 MB beside the pixels": (lambda *_: answer(more=MANY), errors.SERVER_TOO_MUCH),
    "64 MB of pixels": (lambda *_: answer(bytes(MANY), shape=(1, 4096, 5461, 3)), errors.SERVER_TOO_MUCH),
    "64 MB in 64 kB": (bomb, errors.SERVER_TOO_MUCH),
    "a version that pings": (saying(answer(version="<!channel> <https://evil.example|click>")), errors.SERVER_NONSENSE),
    "a version without end": (saying(answer(version="7" * 40_000)), errors.SERVER_NONSENSE),
    "a version of nothing": (saying(answer(version="")), errors.SERVER_NONSENSE),
    "a version of another script": (saying(answer(version="٧")), errors.SERVER_NONSENSE),
    "an error that pings": (refusing(grpc.StatusCode.INTERNAL, "<!channel> @here"), errors.SERVER_COULD_NOT),
    "an error of its own kind": (refusing(grpc.StatusCode.DATA_LOSS, "x" * 4000), errors.SERVER_COULD_NOT),
}  # fmt: skip


@pytest.fixture
def enhancer(model):
    server = ModelServer(Endpoint(model.address), LIMITS)
    yield Enhancer(server, LIMITS, PhotoLimits())
    server.close()


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_answer_is_a_bicubic_photo(model, enhancer, kind):
    model.reply, sentence = HOSTILE[kind]
    photo = Photo(Image.effect_noise((WIDTH, HEIGHT), 90).convert("RGB"), FORMATS["PNG"])
    before = refused()

    result = enhancer(photo, 4)

    assert (result.version, result.reason) == ("", sentence)
    assert result.photo.image.tobytes() == photo.image.resize((120, 80), Image.Resampling.BICUBIC).tobytes()
    said = messages.line(Outcome("cat.png", reason=result.reason, version=result.version))
    assert not re.search(r"[<@\n]|evil", said)
    assert len(said) < 300
    counted = sentence != errors.SERVER_COULD_NOT  # a model that fails is trouble, and no attack
    assert refused() - before == counted


def refused() -> float:
    return REGISTRY.get_sample_value("enhancer_refused_total", {"reason": "model_answer"}) or 0.0


def test_a_server_that_changes_its_version_with_every_tile_names_a_few(model, enhancer):
    count = iter(range(10**17, 10**17 + 1000))

    def reply(request: Any, _: Any) -> Any:
        height, width = request.inputs[0].shape[1:3]
        shape = (1, 4 * height, 4 * width, 3)
        return answer(bytes(int(np.prod(shape))), shape=shape, version=str(next(count)))

    model.reply = reply
    photo = Photo(Image.new("RGB", (1200, 900)), FORMATS["PNG"])
    version = enhancer(photo, 4).version
    assert version.count("/") == 2
    assert len(version) < 80


CLIENT = """
import resource, sys
import numpy as np
from slackbot.inference.endpoint import Endpoint
from slackbot.inference.errors import ServerInvalid
from slackbot.inference.triton import ModelServer
from slackbot.limits import ServerLimits

server = ModelServer(Endpoint(sys.argv[1]), ServerLimits(tile_seconds=60))
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        server.enlarge(np.zeros((20, 30, 3), np.uint8))
    except ServerInvalid as error:
        print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, flush=True)
"""


@pytest.mark.parametrize("kind", ["64 MB beside the pixels", "64 MB in 64 kB"])
def test_an_answer_is_not_received_beyond_what_was_asked_for(model, kind):
    model.reply, sentence = HOSTILE[kind]
    command = [sys.executable, "-c", CLIENT, model.address]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    *sentences, kilobytes = said.splitlines()
    assert sentences == [sentence] * 2
    assert int(kilobytes) * 1024 < MANY / 4
