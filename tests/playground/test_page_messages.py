"""What the page shows of messages, and what can be done with them, in a real browser."""

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import expect

from slackbot.job import job_id

pytestmark = pytest.mark.browser
PHOTOS, PERSON = "C0PHOTOS01", "U0ADA00001"


def test_edit_and_forward_from_the_menu(page, workspace, photo):
    workspace.post("#photos", "loook", files=[("a.jpg", photo)])
    message = page.get_by_test_id("message")
    message.hover()
    page.get_by_test_id("edit-message").click()
    page.get_by_test_id("edit-input").fill("look, @enhancer")
    page.get_by_test_id("confirm-edit").click()
    expect(page.get_by_test_id("message-text")).to_have_text("look, @enhancer (edited)")
    message.hover()
    page.get_by_test_id("forward-message").click()
    page.get_by_test_id("forward-to").select_option(label="#general")
    page.get_by_test_id("forward-text").fill("see")
    page.get_by_test_id("confirm-forward").click()
    page.get_by_test_id("channel-general").click()
    forwarded = page.get_by_test_id("forwarded")
    expect(forwarded).to_contain_text("Ada")
    expect(forwarded.get_by_test_id("file-name")).to_have_text("a.jpg")


def test_a_linked_picture_is_shown(page, workspace, photo):
    file = workspace.post("#general", "", files=[("a.jpg", photo)]).files[0]
    page.get_by_test_id("channel-input").fill(f"as in {file['permalink']}")
    page.get_by_test_id("channel-input").press("Enter")
    image = page.get_by_test_id("unfurled").locator("img")
    expect(image).to_be_visible()
    expect(image).not_to_have_js_property("naturalWidth", 0)


def test_a_message_is_one_tab_stop(page, workspace, photo):
    workspace.post("#photos", "one <https://example.com|link>", files=[("a.jpg", photo)])
    workspace.post("#photos", "two", user="grace")
    messages = page.get_by_test_id("message")
    expect(messages).to_have_count(2)
    messages.first.focus()
    page.keyboard.press("Tab")
    expect(messages.nth(1)).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.message')") is None
    messages.first.focus()
    page.keyboard.press("ArrowDown")
    expect(messages.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.ariaLabel") == "React with +1"
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("reaction-+1")).to_have_text("👍1")
    assert page.evaluate("document.activeElement.closest('.message').dataset.ts") == messages.nth(1).get_attribute(
        "data-ts"
    )  # it was drawn anew, and kept the focus
    page.keyboard.press("Escape")
    expect(messages.nth(1)).to_be_focused()


def test_a_jobs_notice_ends_with_the_job(page, workspace, app):
    asked = workspace.post("#photos", "please")
    app.reactions_add(channel=PHOTOS, timestamp=asked.ts, name="eyes")
    text = {"type": "plain_text", "text": "Cancel"}
    button = {"type": "button", "action_id": "cancel", "value": job_id("T1", PHOTOS, asked.ts), "text": text}
    app.chat_postEphemeral(
        channel=PHOTOS, user=PERSON, text="a moment", blocks=[{"type": "actions", "elements": [button]}]
    )
    expect(page.get_by_test_id("action-cancel")).to_be_visible()
    app.reactions_add(channel=PHOTOS, timestamp=asked.ts, name="white_check_mark")
    app.reactions_remove(channel=PHOTOS, timestamp=asked.ts, name="eyes")
    expect(page.get_by_test_id("action-cancel")).to_have_count(0)


def test_percent_stands_in_the_channel_too(page, workspace, app):
    asked = workspace.post("#photos", "please")
    app.assistant_threads_setStatus(channel_id=PHOTOS, thread_ts=asked.ts, status="is enhancing the photo: 40%")
    status = page.get_by_test_id("channel-status")
    expect(status).to_have_text("Enhancer is enhancing the photo: 40%")
    expect(status.locator("progress")).to_have_js_property("value", 40)


def test_a_button_that_asks_is_asked_for(page, app):
    text = {"type": "plain_text", "text": "Delete"}
    confirm = {"title": text, "text": {"type": "plain_text", "text": "Sure?"}, "confirm": text, "deny": text}
    button = {"type": "button", "action_id": "delete", "text": text, "confirm": confirm}
    app.chat_postMessage(channel=PHOTOS, text="x", blocks=[{"type": "actions", "elements": [button]}])
    page.get_by_test_id("action-delete").click()
    expect(page.get_by_test_id("question")).to_contain_text("Sure?")
    page.get_by_test_id("cancel").click()
    expect(page.get_by_test_id("question")).to_be_hidden()


def test_what_is_no_picture_has_a_sign(page, workspace):
    workspace.post("#photos", "", files=[("a.jpg", b"no picture"), ("b.pdf", b"%PDF")])
    expect(page.get_by_test_id("no-picture")).to_have_count(1)


def test_lines_of_text_end_where_they_can_be_read(page, workspace):
    page.set_viewport_size({"width": 3840, "height": 2160})
    workspace.post("#photos", "word " * 400)
    text = page.get_by_test_id("message-text")
    letters = text.evaluate(
        """(text) => { const ch = document.createElement("span"); ch.textContent = "0"; text.append(ch);
                       const width = ch.getBoundingClientRect().width; ch.remove();
                       return text.getBoundingClientRect().width / width; }"""
    )
    assert letters <= 75.5
    box, pane = text.bounding_box(), page.get_by_test_id("conversation").bounding_box()
    assert box["x"] > pane["x"] + pane["width"] / 4
