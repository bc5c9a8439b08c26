"""One playground process for the whole room, empty before each test; and an app made with the real SDK."""

import io
from collections.abc import Callable, Iterator

import pytest
from PIL import Image
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from playground.testing.client import PlaygroundClient


@pytest.fixture(scope="session")
def playground() -> Iterator[PlaygroundClient]:
    with PlaygroundClient.start() as workspace:
        yield workspace


@pytest.fixture
def workspace(playground: PlaygroundClient) -> Iterator[PlaygroundClient]:
    playground.reset()
    yield playground
    playground.clear_faults()


@pytest.fixture
def app(workspace: PlaygroundClient) -> WebClient:
    """The Web API with the bot's token."""
    return WebClient(workspace.bot_token, base_url=workspace.api_url)


@pytest.fixture
def bolt(workspace: PlaygroundClient) -> Iterator[Callable[[App], SocketModeHandler]]:
    """Connects Bolt apps over Socket Mode, and closes them at the end."""
    handlers: list[SocketModeHandler] = []

    def connect(app: App) -> SocketModeHandler:
        handler = SocketModeHandler(app, workspace.app_token, ping_interval=0.5)
        handlers.append(handler)
        handler.connect()
        workspace.wait_for_connection(len(handlers))
        return handler

    yield connect
    for handler in handlers:
        handler.client.auto_reconnect_enabled = False
    # The SDK's close waits for its reading thread, up to three seconds, unless the socket is gone already.
    workspace.disconnect(abruptly=True)
    for handler in handlers:
        handler.close()
    workspace.wait_for(lambda w: not w.connections(), 10, "the end of the connections")


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A JPEG of 96 x 64 pixels with something to see."""
    picture = Image.linear_gradient("L").resize((96, 64))
    out = io.BytesIO()
    Image.merge("RGB", (picture, picture.rotate(180), picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))).save(
        out, "JPEG"
    )
    return out.getvalue()
