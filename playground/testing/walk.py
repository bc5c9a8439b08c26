"""A walk over every screen of the page, for whoever wants to look at each: the screenshots, the accessibility check."""

from collections.abc import Iterator
from typing import Any

from playground.testing.client import PlaygroundClient

PATIENCE = 60_000  # milliseconds for a photo to be enhanced, or a server to start


def walk(page: Any, workspace: PlaygroundClient, *, server: bool) -> Iterator[str]:
    """Yield the name of each screen while `page`, a Playwright page, shows it. The bot is to be connected.

    With `server` the model server is stopped and started as well, which only `playground.demo` can do.
    """
    page.set_default_timeout(PATIENCE)
    phone = page.viewport_size["width"] <= 760
    workspace.reset()
    page.goto(workspace.base_url)
    page.get_by_test_id("empty-hint").wait_for()
    yield "welcome"

    page.get_by_test_id("empty-hint").get_by_test_id("sample-face").click()
    thread = page.get_by_test_id("thread-pane")
    thread.get_by_test_id("file-image").nth(1).wait_for()
    thread.get_by_test_id("reaction-white_check_mark").wait_for()
    _images(page)
    yield "thread"

    thread.get_by_test_id("file-image").nth(1).click()
    page.get_by_test_id("divider").wait_for()
    _images(page)
    yield "compare"
    page.get_by_test_id("viewer-double").click()
    yield "compare-zoomed"
    page.get_by_test_id("side-before").click()
    yield "compare-original"
    page.keyboard.press("Escape")

    thread.get_by_test_id("action-delete").click()
    page.get_by_test_id("cancel").wait_for()
    yield "delete"
    page.get_by_test_id("cancel").click()
    page.get_by_test_id("close-thread").click()

    yield from _talk(page, workspace)
    if phone:
        page.get_by_test_id("menu").click()
        yield "menu"
    page.get_by_test_id("dm-enhancer").click()
    if "assistant:write" in workspace.state()["settings"]["scopes"]:
        page.get_by_test_id("prompts").wait_for()
    yield "direct"
    page.get_by_test_id("home-tab").click()
    page.get_by_test_id("home").locator(".home-view").wait_for()
    _images(page)
    yield "home"
    if server:
        yield from _without_server(page, phone)


def _talk(page: Any, workspace: PlaygroundClient) -> Iterator[str]:
    """Messages of several people, of every kind."""
    question = workspace.post("#photos", "Is there a *larger* one? `2x` would do :eyes:", user="grace")
    workspace.post("#photos", "here", user="grace", files=[("broken.jpg", b"no picture"), ("notes.pdf", b"%PDF-1.4")])
    workspace.react(question, "heart", user="grace")
    message = page.get_by_test_id("message").last
    message.get_by_test_id("no-picture").wait_for()
    message.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    yield "messages"
    message.get_by_test_id("forward-message").click()
    page.get_by_test_id("forward-to").wait_for()
    yield "forward"
    page.get_by_test_id("forward-to").select_option(label="#general")
    page.get_by_test_id("confirm-forward").click()
    page.get_by_test_id("toast").wait_for()
    yield "notice"
    page.get_by_test_id("toast").wait_for(state="detached")
    page.get_by_test_id("try-samples").click()
    yield "samples"
    page.get_by_test_id("try-samples").click()


def _without_server(page: Any, phone: bool) -> Iterator[str]:
    if phone:
        page.get_by_test_id("menu").click()
    page.get_by_test_id("channel-photos").click()
    switch = page.get_by_test_id("server-switch")
    switch.click()
    page.get_by_test_id("server-state").get_by_text("stopped").wait_for()
    page.get_by_test_id("try-samples").click()
    page.get_by_test_id("samples").get_by_test_id("sample-landscape").click()
    page.get_by_test_id("thread-pane").get_by_test_id("reaction-warning").wait_for()
    _images(page)
    yield "server-stopped"
    page.get_by_test_id("close-thread").click()
    switch.click()
    page.get_by_test_id("server-state").get_by_text("version").wait_for()
    yield "server-started"


def _images(page: Any) -> None:
    """Wait until every picture in sight is there."""
    from playwright.sync_api import expect

    # Not by a function that the page evaluates: its security policy forbids that.
    for image in page.locator("img:not([loading=lazy])").all():
        expect(image).to_have_js_property("complete", True)
