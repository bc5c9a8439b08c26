"""The real bot in a playground, a fault-injecting model server, and where figures are written."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from playground.testing.client import Message, PlaygroundClient
from tests.nearest_model import NearestModel
from tests.processes import Bot, Triton
from tests.proxy import Proxy


@pytest.fixture
def full() -> bool:
    """Whether to run at the size of the promise: RELIABILITY=full."""
    return os.environ.get("RELIABILITY") == "full"


@pytest.fixture
def proxy(model: NearestModel) -> Iterator[Proxy]:
    with Proxy(model.address).running() as proxy:
        yield proxy


@pytest.fixture
def bot(workspace: PlaygroundClient, proxy: Proxy, tmp_path: Path) -> Iterator[Bot]:
    """A running bot whose way to the model server leads through the proxy."""
    bot = Bot(tmp_path, {**workspace.environment, "TRITON_URL": proxy.address})
    with bot.connected(workspace):
        yield bot


@pytest.fixture
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    triton = Triton(tmp_path_factory.mktemp("triton"))
    triton.start()
    yield triton
    triton.kill()


@pytest.fixture(scope="session")
def png() -> bytes:
    """A small photo."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((40, 30), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def ask(workspace: PlaygroundClient, png: bytes) -> Callable[..., Message]:
    """Mention the bot with the small photo."""
    home = workspace

    def post(name: str = "cat.png", workspace: PlaygroundClient = home, user: str = "ada") -> Message:
        return workspace.post("#photos", f"<@{workspace.bot_user}>", files=[(name, png)], user=user)

    return post
