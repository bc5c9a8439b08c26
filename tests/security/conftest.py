"""A bot of a test's own, with settings of its own."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from playground.client import Workspace
from tests.nearest_model import NearestModel
from tests.processes import Bot


@pytest.fixture
def start_bot(workspace: Workspace, model: NearestModel, tmp_path: Path) -> Iterator[Callable[..., Bot]]:
    """Start a bot with some settings more."""
    started: list[Bot] = []

    def start(**settings: str) -> Bot:
        bot = Bot(tmp_path, {**workspace.environment, "TRITON_URL": model.address, **settings})
        started.append(bot)
        bot.start()
        workspace.wait_for_connection()
        return bot

    yield start
    for bot in started:
        bot.kill()


@pytest.fixture(scope="session")
def png() -> bytes:
    file = io.BytesIO()
    Image.effect_mandelbrot((12, 8), (-2, -1, 1, 1), 20).convert("RGB").save(file, "PNG")
    return file.getvalue()
