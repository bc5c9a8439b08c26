"""Buttons, the shortcut and the App Home as a person finds them in the playground's page."""

from pathlib import Path

import pytest
from PIL import Image

import slackbot
from playground.testing.browser import NoBrowserError, chromium

pytest.importorskip("playwright")
from playwright.sync_api import expect

BEFORE_AFTER = Path(slackbot.__file__).with_name("before_after.jpg")

pytestmark = [pytest.mark.browser, pytest.mark.system, pytest.mark.usefixtures("standing_bot")]


@pytest.fixture
def page(workspace):
    try:
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(workspace.base_url)
            yield page
    except NoBrowserError as reason:
        pytest.skip(str(reason))


def test_2x_instead_then_delete_then_the_app_home(page, workspace, mention, paint, encode):
    message = mention(("cat.png", encode(paint(60, 40))), text="compare")
    workspace.wait_for_reaction(message, "white_check_mark")
    page.get_by_test_id("reply-count").click()
    thread = page.get_by_test_id("thread-pane")

    thread.get_by_test_id("action-smaller").click()
    expect(thread.get_by_text("cat_2x.png")).to_be_visible(timeout=20_000)
    expect(thread.get_by_text("cat_4x.png")).to_have_count(0)
    expect(thread.get_by_text("2x is on its way.")).to_be_visible()

    delete = thread.get_by_test_id("action-delete")
    expect(delete).to_have_count(1, timeout=20_000)  # the earlier reply goes after its file
    delete.click()
    page.get_by_test_id("confirm").click()
    expect(thread.get_by_text("cat_2x.png")).to_have_count(0, timeout=20_000)

    page.goto(f"{workspace.base_url}/#D0ADA00001/home")
    home = page.get_by_test_id("home")
    expect(home).to_contain_text("enhancing", timeout=20_000)
    expect(home).to_contain_text("Today")
    picture = home.locator(".home-view img").first
    expect(picture).to_have_attribute("alt", "One photo in two halves: on the left enlarged with bicubic "
                                      "interpolation, on the right enhanced")  # fmt: skip
    with Image.open(BEFORE_AFTER) as shown:
        width = shown.width
    expect(picture).to_have_js_property("naturalWidth", width)
