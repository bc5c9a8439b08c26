"""The page in a real browser, with the app's side played through the Web API."""

import base64
import re
from pathlib import Path

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import expect
from slack_bolt import App

pytestmark = pytest.mark.browser
PHOTOS, PERSON = "C0PHOTOS01", "U0ADA00001"
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def photo_file(tmp_path, photo):
    path = tmp_path / "harbour.jpg"
    path.write_bytes(photo)
    return path


def drop(page, test_id, name, content):
    """Drop a file as a person does from another window."""
    transfer = page.evaluate_handle(
        """([name, content]) => {
            const transfer = new DataTransfer();
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            transfer.items.add(new File([bytes], name, {type: "image/jpeg"}));
            return transfer;
        }""",
        [name, base64.b64encode(content).decode()],
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event(f"[data-testid={test_id}]", kind, {"dataTransfer": transfer})


def test_first_visit_says_what_to_do(page):
    hint = page.get_by_test_id("empty-hint")
    expect(hint).to_contain_text("Drop a photo here and mention @enhancer")
    expect(page.get_by_test_id("connection")).to_have_text("Waiting for the bot")


def test_drop_mention_send_and_the_reply_comes_live(page, workspace, app, photo):
    drop(page, "conversation", "harbour.jpg", photo)
    expect(page.get_by_test_id("channel-previews")).to_contain_text("harbour.jpg")
    page.get_by_test_id("channel-mention-hint").click()
    expect(page.get_by_test_id("channel-input")).to_have_value("@enhancer ")
    page.get_by_test_id("channel-send").click()
    message = page.get_by_test_id("message")
    expect(message).to_contain_text("@enhancer")
    expect(message.get_by_test_id("file-details")).to_contain_text("96 × 64")
    expect(page.get_by_test_id("empty-hint")).to_have_count(0)
    (posted,) = workspace.messages()
    assert posted.text == f"<@{workspace.bot_user}>"
    assert workspace.download(posted.files[0]) == photo

    app.files_upload_v2(
        channel=PHOTOS, thread_ts=posted.ts, file=photo, filename="harbour_4x.jpg", initial_comment="*Done*"
    )
    page.get_by_test_id("reply-count").click()
    thread = page.get_by_test_id("thread-pane")
    expect(thread.get_by_test_id("message")).to_have_count(2)
    expect(thread.get_by_test_id("file-name").nth(1)).to_have_text("harbour_4x.jpg")
    expect(thread.locator("strong", has_text="Done")).to_be_visible()


def test_picker_and_typed_mention(page, workspace, photo_file):
    page.get_by_test_id("channel-files").set_input_files(photo_file)
    page.get_by_test_id("channel-input").press_sequentially("please @en")
    page.get_by_test_id("channel-suggestion").click()
    page.get_by_test_id("channel-input").press("Enter")
    expect(page.get_by_test_id("message")).to_have_count(1)
    assert workspace.messages()[0].text == f"please <@{workspace.bot_user}>"


def test_paste_and_remove(page, photo):
    page.evaluate(
        """(content) => {
            const data = new DataTransfer();
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            data.items.add(new File([bytes], "shot.png", {type: "image/png"}));
            document.querySelector("[data-testid=channel-input]").dispatchEvent(
                new ClipboardEvent("paste", {clipboardData: data, cancelable: true}));
        }""",
        base64.b64encode(photo).decode(),
    )
    expect(page.get_by_test_id("channel-previews")).to_contain_text("shot.png")
    page.get_by_label("Remove shot.png").click()
    expect(page.get_by_test_id("channel-send")).to_be_disabled()


def test_reply_in_thread_from_the_hover_menu(page, workspace):
    parent = workspace.post("#photos", "look", user="grace")
    page.get_by_test_id("message").hover()
    page.get_by_test_id("reply-in-thread").click()
    page.get_by_test_id("thread-input").fill("nice")
    page.get_by_test_id("thread-input").press("Enter")
    expect(page.get_by_test_id("thread-count")).to_have_text("1 reply")
    assert [one.text for one in workspace.replies(parent)] == ["nice"]
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("thread-pane")).to_be_hidden()


def test_delete_asks_first(page, workspace):
    workspace.post("#photos", "oops")
    page.get_by_test_id("message").hover()
    page.get_by_test_id("delete-message").click()
    page.get_by_test_id("confirm-delete").click()
    expect(page.get_by_test_id("message")).to_have_count(0)
    assert workspace.messages() == []


def test_reactions_and_status_are_live(page, workspace, app):
    message = workspace.post("#photos", "look")
    app.reactions_add(channel=PHOTOS, timestamp=message.ts, name="eyes")
    page.get_by_test_id("reaction-eyes").click()
    expect(page.get_by_test_id("reaction-eyes")).to_have_text("👀2")
    app.assistant_threads_setStatus(channel_id=PHOTOS, thread_ts=message.ts, status="is enhancing, 40 %")
    page.get_by_test_id("message").hover()
    page.get_by_test_id("reply-in-thread").click()
    expect(page.get_by_test_id("status")).to_have_text("Enhancer is enhancing, 40 %")
    app.chat_postMessage(channel=PHOTOS, thread_ts=message.ts, text="done")
    expect(page.get_by_test_id("status")).to_have_count(0)


def test_viewer_shows_every_pixel(page, workspace, photo):
    message = workspace.post("#photos", "two", files=[("a.jpg", photo), ("b.jpg", photo)])
    page.get_by_test_id("file-image").first.click()
    expect(page.get_by_test_id("viewer-details")).to_have_text("96 × 64")
    page.get_by_test_id("viewer-actual").click()
    expect(page.get_by_test_id("viewer-percent")).to_have_text("100 %")
    assert page.get_by_test_id("viewer-image").evaluate("image => [image.naturalWidth, image.clientWidth]") == [96, 96]
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("viewer-image")).to_have_attribute("src", f"/page/files/{message.files[1]['id']}")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("viewer")).to_be_hidden()


HOSTILE = '<img src=x onerror="document.title=1"> & *bold* `co_de_` <https://example.com|*x*> <javascript:alert(1)|no>'


def test_text_is_never_markup(page, workspace, app):
    workspace.post("#photos", '<script>document.title = "owned"</script> & <b>plain</b>')
    app.chat_postMessage(channel=PHOTOS, text=HOSTILE)
    expect(page.get_by_test_id("message-text")).to_have_count(2)
    mine, theirs = page.get_by_test_id("message-text").all()
    expect(mine).to_have_text('<script>document.title = "owned"</script> & <b>plain</b>')
    expect(theirs.locator("img")).to_have_count(0)
    expect(theirs.locator("strong")).to_have_text("bold")
    expect(theirs.locator("code")).to_have_text("co_de_")
    assert theirs.locator("a").evaluate_all("links => links.map((link) => link.href)") == ["https://example.com/"]
    expect(page).to_have_title("#photos · Playground")


def test_buttons_shortcuts_and_home_reach_the_app(page, workspace, app, bolt):
    bot = App(client=app, token=workspace.bot_token)

    @bot.action("twice")
    def twice(ack, respond):
        ack()
        respond(text="2x it is", replace_original=False)

    @bot.shortcut("enhance_photos")
    def shortcut(ack, respond):
        ack()
        respond(text="This one it is", replace_original=False)

    header = {"type": "header", "text": {"type": "plain_text", "text": "Welcome"}}
    bot.event("app_home_opened")(
        lambda client: client.views_publish(user_id=PERSON, view={"type": "home", "blocks": [header]})
    )
    bot.event("message")(lambda: None)
    bolt(bot)
    expect(page.get_by_test_id("connection")).to_have_text("The bot is connected")

    button = {"type": "button", "action_id": "twice", "text": {"type": "plain_text", "text": "2x instead"}}
    app.chat_postMessage(channel=PHOTOS, text="done", blocks=[{"type": "actions", "elements": [button]}])
    page.get_by_test_id("action-twice").click()
    expect(page.locator(".ephemeral")).to_contain_text("2x it is")
    page.get_by_test_id("message").first.hover()
    page.get_by_test_id("shortcut-enhance_photos").first.click()
    expect(page.locator(".ephemeral").last).to_contain_text("This one it is")
    page.get_by_test_id("dm-enhancer").click()
    page.get_by_test_id("home-tab").click()
    expect(page.get_by_test_id("home")).to_contain_text("Welcome")


def test_direct_message_needs_no_mention(page, workspace, photo_file):
    page.get_by_test_id("dm-enhancer").click()
    page.get_by_test_id("channel-files").set_input_files(photo_file)
    expect(page.get_by_test_id("channel-mention-hint")).to_be_hidden()
    page.get_by_test_id("channel-send").click()
    expect(page.get_by_test_id("message")).to_have_count(1)
    assert len(workspace.messages("D0ADA00001")) == 1


def test_unread_channel_stands_out_until_it_is_opened(page, workspace):
    workspace.post("#general", "news", user="grace")
    expect(page.get_by_test_id("channel-general")).to_have_class(re.compile("unread"))
    page.get_by_test_id("channel-general").click()
    expect(page.get_by_test_id("channel-general")).not_to_have_class(re.compile("unread"))
    page.reload()
    expect(page.get_by_test_id("conversation-title")).to_have_text("#general")


def test_phone(page, workspace, app, photo):
    page.set_viewport_size(PHONE)
    message = workspace.post("#photos", "@enhancer " + "a-very-long-word" * 20, files=[("a.jpg", photo)])
    app.chat_postMessage(channel=PHOTOS, thread_ts=message.ts, text="done")
    expect(page.get_by_test_id("sidebar")).not_to_be_in_viewport()
    page.get_by_test_id("reply-count").click()
    expect(page.get_by_test_id("thread-input")).to_be_in_viewport()
    page.get_by_test_id("close-thread").click()
    page.get_by_test_id("menu").click()
    page.get_by_test_id("channel-general").click()
    expect(page.get_by_test_id("empty-hint")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_everything_has_a_name(page, workspace, photo):
    workspace.post("#photos", "look", files=[("a.jpg", photo), ("b.pdf", b"%PDF")])
    page.get_by_test_id("message").hover()
    page.get_by_test_id("reply-in-thread").click()
    nameless = page.locator("button, input, textarea, a").evaluate_all(
        """all => all.filter((one) => !(one.ariaLabel || one.textContent.trim() || one.title))
                     .map((one) => one.outerHTML)"""
    )
    assert nameless == []
    assert page.locator("img:not([alt])").count() == 0


def test_page_follows_a_reset(page, workspace):
    workspace.post("#photos", "old")
    expect(page.get_by_test_id("message")).to_have_count(1)
    workspace.reset()
    expect(page.get_by_test_id("empty-hint")).to_be_visible()
    workspace.post("#photos", "new")
    expect(page.get_by_test_id("message-text")).to_have_text("new")


def test_a_sample_is_shared_with_the_mention_and_its_thread_opens(page, workspace):
    page.get_by_test_id("empty-hint").get_by_test_id("sample-face").click()
    thread = page.get_by_test_id("thread-pane")
    expect(thread.get_by_test_id("file-name")).to_have_text("face.jpg")
    (posted,) = workspace.messages()
    assert posted.text == f"<@{workspace.bot_user}>"


def test_samples_are_small():
    folder = Path(__file__).parents[2] / "playground" / "static" / "samples"
    samples = [file for file in folder.iterdir() if file.suffix != ".md"]
    assert len(samples) == 4
    assert all(file.stat().st_size < 40_000 and file.name in (folder / "README.md").read_text() for file in samples)


def test_one_can_be_somebody_else(page, workspace):
    page.get_by_test_id("be-alan").click()
    expect(page.get_by_test_id("me")).to_have_text("You are Alan")
    page.get_by_test_id("channel-input").fill("hello")
    page.get_by_test_id("channel-input").press("Enter")
    expect(page.get_by_test_id("message")).to_have_count(1)
    assert workspace.messages()[0].data["user"] == "U0ALAN0001"
    page.reload()
    expect(page.get_by_test_id("me")).to_have_text("You are Alan")
    page.get_by_test_id("message").hover()
    expect(page.get_by_test_id("delete-message")).to_have_count(1)
    page.get_by_test_id("be-grace").click()
    page.get_by_test_id("message").hover()
    expect(page.get_by_test_id("delete-message")).to_have_count(0)
