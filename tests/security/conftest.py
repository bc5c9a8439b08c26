"""A bot of a test's own, with settings of its own."""

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from playground.testing.client import PlaygroundClient
from tests.nearest_model import NearestModel
from tests.processes import Bot


@pytest.fixture
def start_bot(workspace: PlaygroundClient, model: NearestModel, tmp_path: Path) -> Iterator[Callable[..., Bot]]:
    """Start a bot with some settings more."""
    with contextlib.ExitStack() as running:

        def start(**settings: str) -> Bot:
            bot = Bot(tmp_path, {**workspace.environment, "TRITON_URL": model.address, **settings})
            return running.enter_context(bot.connected(workspace))

        yield start


@pytest.fixture(scope="session")
def png() -> bytes:
    file = io.BytesIO()
    Image.effect_mandelbrot((12, 8), (-2, -1, 1, 1), 20).convert("RGB").save(file, "PNG")
    return file.getvalue()
