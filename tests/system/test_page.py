"""What a newcomer does: open the page, drop a photo, mention the bot, look at the reply."""

import base64

import pytest

from playground.testing.browser import NoBrowserError, chromium
from tests.processes import SERVED

pytest.importorskip("playwright")
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def page(workspace, bot):  # noqa: ARG001 - the bot is to be there
    try:
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(workspace.base_url)
            yield page
    except NoBrowserError as reason:
        pytest.skip(str(reason))


def drop(page, name: str, content: bytes) -> None:
    """Drop a file onto the channel, as from the desktop."""
    transfer = page.evaluate_handle(
        """([name, data]) => {
            const transfer = new DataTransfer()
            transfer.items.add(new File([Uint8Array.from(atob(data), c => c.charCodeAt(0))], name, {type: "image/png"}))
            return transfer
        }""",
        [name, base64.b64encode(content).decode()],
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event("[data-testid=conversation]", kind, {"dataTransfer": transfer})


def test_a_dropped_photo_comes_back_enhanced_in_the_thread(page, photo, png):
    drop(page, "coffee.png", png(photo[:120, :160]))
    page.get_by_test_id("channel-mention-hint").click()
    page.get_by_test_id("channel-send").click()

    page.get_by_test_id("reply-count").click(timeout=60_000)

    thread = page.get_by_test_id("thread-pane")
    expect(thread).to_contain_text(f"160 × 120 → 640 × 480, enhanced by model version {SERVED}")
    expect(thread.get_by_test_id("file-name").last).to_have_text("coffee_4x.png")
    picture = thread.get_by_test_id("file-image").last
    expect(picture).to_be_visible()
    picture.click()
    page.get_by_test_id("viewer-actual").click()
    expect(page.get_by_test_id("viewer-percent")).to_have_text("100 %")
    width = page.evaluate("document.querySelector('[data-testid=viewer-image]').naturalWidth")
    assert width == 640
