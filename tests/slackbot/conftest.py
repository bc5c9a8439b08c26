"""The bot's surroundings: a model server that repeats pixels, the playground, and the real bot process."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from slack_sdk.models.blocks import Block

from playground.testing.client import Message, PlaygroundClient
from slackbot.imaging.decode import open_photo
from slackbot.imaging.encode import save_photo
from slackbot.imaging.photo import Photo
from slackbot.limits import PhotoLimits
from slackbot.settings import variables
from tests.nearest_model import NearestModel
from tests.processes import ROOT, Bot

BODIES = ("blocks", "view")


@pytest.fixture
def limits() -> PhotoLimits:
    return PhotoLimits()


def look(path: Path) -> tuple[str | None, tuple[int, int]]:
    """Kind and size of a file."""
    with Image.open(path) as image:
        return image.format, image.size


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    """Smooth colours with some detail: no two places look the same."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 7, 3), np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def paint() -> Callable[..., Image.Image]:
    return picture


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """A picture as the bytes of a file."""

    def encoded(image: Image.Image, format: str = "PNG", **options) -> bytes:  # noqa: A002
        out = io.BytesIO()
        image.save(out, format, **options)
        return out.getvalue()

    return encoded


@pytest.fixture
def photo_of(tmp_path: Path, limits: PhotoLimits) -> Callable[[bytes], Photo]:
    """Bytes to a photo, by way of a file whose name says nothing."""

    def opened(content: bytes) -> Photo:
        path = tmp_path / "0.photo"
        path.write_bytes(content)
        return open_photo(path, limits)

    return opened


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Photo], Image.Image]:
    """A photo as the picture that its file is."""

    def saved(photo: Photo) -> Image.Image:
        path = tmp_path / "saved"
        save_photo(photo, path)
        return Image.open(io.BytesIO(path.read_bytes()))

    return saved


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the bot in the environment."""
    for name in list(os.environ):
        if name.upper() in variables():
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def playground() -> Iterator[PlaygroundClient]:
    with PlaygroundClient.start() as workspace:
        yield workspace


def as_new(playground: PlaygroundClient) -> PlaygroundClient:
    """The playground without what earlier tests left in it: faults, messages, settings."""
    playground.clear_faults()
    playground.reset()
    return playground


@pytest.fixture
def workspace(playground: PlaygroundClient) -> Iterator[PlaygroundClient]:
    """The playground as new. In the end, all blocks that the bot sent have to be what Slack's types know."""
    yield as_new(playground)
    for call in playground.calls():
        for block in blocks_of(call["args"]):
            typed = Block.parse(block)
            assert typed, block
            assert typed.to_dict() == block, call["method"]  # validated; what the types do not know would be missing


def blocks_of(arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """The blocks in the arguments of a Web API call: a message's or a view's, as JSON or not."""
    read = {name: json.loads(one) if isinstance(one, str) else one for name, one in arguments.items() if name in BODIES}
    return [*(read.get("blocks") or ()), *(read.get("view") or {}).get("blocks", ())]


@contextlib.contextmanager
def running(
    workspace: PlaygroundClient, model: NearestModel, folder: Path, more: dict[str, str] | None = None
) -> Iterator[Bot]:
    bot = Bot(folder, {**workspace.environment, "TRITON_URL": model.address, **(more or {})})
    with bot.connected(workspace):
        yield bot
    workspace.wait_for(lambda w: not w.connections(), 10, "the end of the bot's connection")


@pytest.fixture
def bot(workspace: PlaygroundClient, model: NearestModel, tmp_path: Path) -> Iterator[Bot]:
    """A running bot of the test's own, connected to the playground and the model."""
    with running(workspace, model, tmp_path) as bot:
        yield bot


@pytest.fixture
def limited_bot(workspace: PlaygroundClient, model: NearestModel, tmp_path: Path) -> Callable[..., Any]:
    """A running bot with limits of the test's own: `with limited_bot(jobs_at_once=1) as bot`."""

    def limited(**limits: float) -> Any:
        return running(
            workspace, model, tmp_path, {f"LIMIT_{name.upper()}": str(most) for name, most in limits.items()}
        )

    return limited


@pytest.fixture
def busy_bot(limited_bot: Callable[..., Any]) -> Iterator[Bot]:
    """A running bot that works on one message at a time and lets two wait."""
    with limited_bot(jobs_at_once=1, jobs_waiting=2) as bot:
        yield bot


@pytest.fixture(scope="module")
def standing_bot(playground: PlaygroundClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """One running bot for all tests of a module that leave it and its model in peace."""
    model = NearestModel()
    model.start()
    with running(as_new(playground), model, tmp_path_factory.mktemp("bot")) as bot:
        yield bot
    model.stop()


@pytest.fixture
def opened(workspace: PlaygroundClient) -> Callable[..., Image.Image]:
    """A file of the workspace as a picture."""
    return lambda file: Image.open(io.BytesIO(workspace.download(file)))


@pytest.fixture
def mention(workspace: PlaygroundClient) -> Callable[..., Message]:
    """Post a mention of the bot with files."""

    def post(*files: tuple[str, bytes], text: str = "please", channel: str = "#photos", **more: Any) -> Message:
        return workspace.post(channel, f"<@{workspace.bot_user}> {text}", files=files, **more)

    return post


@pytest.fixture
def command_line(model: NearestModel) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`python -m slackbot ARGUMENTS`, as a person runs it, with that model server."""

    def run(*arguments, **environment):
        return subprocess.run(
            [sys.executable, "-m", "slackbot", "--env-file", os.devnull, *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "TRITON_URL": model.address, **environment},
            check=False,
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture
def cat(tmp_path: Path, paint: Callable[..., Image.Image]) -> Path:
    """A file of 30 x 20 pixels."""
    path = tmp_path / "cat.png"
    paint(30, 20).save(path)
    return path
