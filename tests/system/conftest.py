"""The whole way, for real: tritonserver from its wheel, the bot, the playground."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from playground.testing.client import PlaygroundClient
from tests.processes import Bot, Triton


@pytest.fixture(scope="session")
def triton_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    triton = Triton(tmp_path_factory.mktemp("triton"))
    triton.start()
    yield triton
    triton.stop()


@pytest.fixture
def triton(triton_process: Triton) -> Triton:
    """The server, up and running, whatever the test before did to it."""
    try:
        triton_process.inferences()
    except OSError:
        triton_process.start()
    return triton_process


@pytest.fixture
def bot(workspace: PlaygroundClient, triton: Triton, tmp_path: Path) -> Iterator[Bot]:
    # However busy the machine is, a tile comes in time: what becomes of late ones is tested elsewhere.
    bot = Bot(tmp_path, {**workspace.environment, "TRITON_URL": triton.address, "LIMIT_TILE_SECONDS": "300"})
    with bot.connected(workspace):
        yield bot


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """A real photograph of several tiles, uint8 (400, 600, 3)."""
    return np.ascontiguousarray(skimage.data.coffee())


@pytest.fixture(scope="session")
def large(photo: np.ndarray) -> np.ndarray:
    """One that keeps the server busy for some seconds."""
    return np.tile(photo, (3, 3, 1))


@pytest.fixture(scope="session")
def png() -> Callable[[np.ndarray], bytes]:
    def encode(pixels: np.ndarray) -> bytes:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", compress_level=1)
        return file.getvalue()

    return encode
