"""One playground process for the whole room, empty before each test; and an app made with the real SDK."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from PIL import Image
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from playground.testing.browser import NoBrowserError, chromium
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


@pytest.fixture(scope="module")  # two at a time in one process are refused by Playwright
def browser():
    try:
        with chromium() as browser:
            yield browser
    except NoBrowserError as reason:
        pytest.skip(str(reason))


@contextmanager
def open_page(browser, workspace, **options) -> Iterator[Any]:
    """The page, in a context of its own. Errors in its console, and requests to anywhere else, fail the test."""
    from playwright.sync_api import expect

    context = browser.new_context(**options)
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    page.on(
        "request",
        lambda request: (
            wrong.append(request.url) if not request.url.startswith((workspace.base_url, "blob:")) else None
        ),
    )
    page.goto(workspace.base_url)
    expect(page.get_by_test_id("channel-composer")).to_be_visible()
    yield page
    context.close()
    assert wrong == []


@pytest.fixture
def page(browser, workspace):
    with open_page(browser, workspace, viewport={"width": 1280, "height": 800}) as page:
        yield page


@pytest.fixture
def phone(browser, workspace):
    """The page on a phone, with a screen that is touched."""
    options = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with open_page(browser, workspace, **options) as page:
        yield page
