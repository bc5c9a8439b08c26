"""Buttons under a result, the shortcut and the App Home, with the real bot process in the playground."""

import pytest
from slack_sdk import WebClient

from playground.testing.client import Message
from playground.workspace import PERSON
from tests.processes import until

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("standing_bot")]


def buttons(message: Message) -> list[str]:
    """The actions of the buttons in a message."""
    return [one["action_id"] for block in message.data["blocks"] for one in block.get("elements", ())]


def whispers(workspace, text: str) -> list[Message]:
    return [Message(one["channel"], one["ts"], one) for one in workspace.ephemerals() if one["text"] == text]


def whisper(workspace, text: str) -> Message:
    return workspace.wait_for(lambda w: whispers(w, text), 30, f"the whisper {text!r}")[0]


def ended(bot) -> dict[str, float]:
    """How many jobs ended, by outcome, once none is left."""
    until(lambda: not bot.metric("enhancer_queue_depth"), 30, "the end of all jobs")
    outcomes = ("enhanced", "partly", "failed", "words")
    return {outcome: bot.metric(f'enhancer_jobs_total{{outcome="{outcome}"}}') for outcome in outcomes}


@pytest.fixture
def content(paint, encode):
    return encode(paint(30, 20))


def test_delete_takes_the_reply_and_its_files_back(workspace, mention, content):
    message = mention(("cat.png", content), text="compare")
    (reply,) = workspace.wait_for_replies(message)
    assert buttons(reply) == ["smaller", "delete", "feedback"]

    assert workspace.click(reply, "delete")

    workspace.wait_for(lambda w: not w.replies(message), 20, "the end of the reply")
    assert {call["args"]["file"] for call in workspace.calls("files.delete")} == {file["id"] for file in reply.files}


def test_delete_can_be_asked_for_again_where_slack_refused_it(workspace, mention, content):
    message = mention(("cat.png", content))
    (reply,) = workspace.wait_for_replies(message)
    workspace.inject_fault("files.delete", "error", error="cant_delete_file")
    assert workspace.click(reply, "delete")
    said = whisper(workspace, "Slack did not allow it (cant_delete_file).")
    assert (said.data["to"], said.data["thread_ts"]) == (PERSON, message.ts)
    assert workspace.replies(message)

    assert workspace.click(reply, "delete")

    workspace.wait_for(lambda w: not w.replies(message), 20, "the end of the reply")


def test_a_delete_that_slack_cannot_do_now_is_tried_again(workspace, mention, content):
    message = mention(("cat.png", content))
    (reply,) = workspace.wait_for_replies(message)
    workspace.inject_fault("chat.delete", "error", error="fatal_error")

    assert workspace.click(reply, "delete")

    workspace.wait_for(lambda w: not w.replies(message), 20, "the end of the reply")
    assert len(workspace.calls("chat.delete")) == 2


def test_2x_instead_takes_the_place_of_the_reply(workspace, mention, content):
    message = mention(("cat.png", content), text="jpeg")
    (reply,) = workspace.wait_for_replies(message)

    assert workspace.click(reply, "smaller")
    assert workspace.click(reply, "smaller"), "a second click is acknowledged and changes nothing"

    workspace.wait_for(
        lambda w: [[file.get("name") for file in one.files] for one in w.replies(message)] == [["cat_2x.jpg"]], 20, "2x"
    )
    said = whisper(workspace, "2x is on its way.")
    assert (said.data["to"], said.data["thread_ts"]) == (PERSON, message.ts)
    (smaller,) = workspace.replies(message)
    assert buttons(smaller) == ["delete", "feedback"]
    assert workspace.click(smaller, "delete")
    workspace.wait_for(lambda w: not w.replies(message), 20, "the end of the reply")


def test_2x_instead_of_a_reply_that_is_gone_brings_no_second_one(workspace, mention, content, standing_bot):
    message, other = mention(("cat.png", content)), mention(("dog.png", content))
    (reply,), (elsewhere,) = workspace.wait_for_replies(message), workspace.wait_for_replies(other)
    assert workspace.click(reply, "smaller")
    whisper(workspace, "2x is on its way.")
    before, downloads = ended(standing_bot), len(workspace.calls("download"))
    (smaller,) = workspace.replies(message)
    (button,) = [
        one for block in reply.data["blocks"] for one in block.get("elements", ()) if one["action_id"] == "smaller"
    ]

    assert workspace.click(elsewhere, "smaller", value=button["value"]), "as from a view that still shows the reply"

    workspace.wait_for(lambda w: len(whispers(w, "2x is on its way.")) == 2, 20, "the second word")
    assert ended(standing_bot) == {**before, "words": before["words"] + 1}
    assert [one.ts for one in workspace.replies(message)] == [smaller.ts]
    assert [one.ts for one in workspace.replies(other)] == [elsewhere.ts]
    assert len(workspace.calls("download")) == downloads


def test_2x_instead_keeps_a_reply_of_which_it_lacks_a_photo(workspace, mention, content):
    message = mention(("cat.png", content), ("dog.png", content))
    (reply,) = workspace.wait_for_replies(message)
    workspace.wait_for_reaction(message, "white_check_mark")
    workspace.inject_fault("files.info", "error", error="file_deleted")

    assert workspace.click(reply, "smaller")

    workspace.wait_for_reaction(message, "warning")
    assert [[file["name"] for file in one.files] for one in workspace.replies(message)] == [
        ["cat_4x.png", "dog_4x.png"],
        ["dog_2x.png"],
    ]


@pytest.mark.parametrize("method", ["files.delete", "chat.delete"])
def test_2x_instead_is_no_failure_where_the_earlier_reply_cannot_be_deleted(
    workspace, mention, content, standing_bot, method
):
    message = mention(("cat.png", content))
    (reply,) = workspace.wait_for_replies(message)
    before = ended(standing_bot)
    workspace.inject_fault(method, "error", error="cant_delete_message", times=None)

    assert workspace.click(reply, "smaller")

    whisper(workspace, "2x is on its way.")
    assert ended(standing_bot) == {**before, "enhanced": before["enhanced"] + 1}
    assert [one.files[0].get("name") for one in workspace.replies(message)][1:] == ["cat_2x.png"]
    assert not [one for one in workspace.ephemerals() if "Slack" in one["text"]]
    assert "x" not in workspace.message(message).reactions


def test_nobody_else_deletes_and_is_told_so(workspace, mention, content):
    message = mention(("cat.png", content))
    (reply,) = workspace.wait_for_replies(message)

    for action in ("delete", "smaller"):
        assert workspace.click(reply, action, user="grace")

    said = workspace.wait_for(lambda w: len(found := whispers(w, "Only the one who asked can do that.")) == 2 and found)
    assert {(one.data["to"], one.data["thread_ts"]) for one in said} == {("U0GRACE001", message.ts)}
    assert [one.ts for one in workspace.replies(message)] == [reply.ts]
    assert workspace.click(reply, "delete"), "the asker still can"
    workspace.wait_for(lambda w: not w.replies(message), 20, "the end of the reply")


def test_what_people_say_of_a_result_is_counted_by_the_models_version(workspace, mention, content, standing_bot):
    def counted(verdict: str) -> float:
        return standing_bot.metric(f'enhancer_feedback_total{{verdict="{verdict}",version="7"}}')

    (reply,) = workspace.wait_for_replies(mention(("cat.png", content)))
    (asked,) = [one for block in reply.data["blocks"] for one in block.get("elements", ()) if "positive_button" in one]

    for user in ("grace", "grace", "ada"):
        assert workspace.click(reply, "feedback", user=user, value=asked["positive_button"]["value"])
    assert workspace.click(reply, "feedback", user="ada", value=asked["negative_button"]["value"])

    def thanked(w) -> list[str]:
        return sorted(one.data["to"] for one in whispers(w, "Thank you. It helps to make the next model better."))

    everybody = [PERSON, PERSON, "U0GRACE001", "U0GRACE001"]
    workspace.wait_for(lambda w: thanked(w) == everybody, 30, "thanks for each click")
    assert counted("good") == 2
    assert counted("bad") == 1


def test_where_slack_takes_no_feedback_block_the_buttons_stay(workspace, mention, content):
    workspace.inject_fault("files.completeUploadExternal", "error", error="invalid_blocks")

    (reply,) = workspace.wait_for_replies(mention(("cat.png", content)))

    assert buttons(reply) == ["smaller", "delete"]


def test_where_slack_takes_no_blocks_the_photo_comes_without_buttons(workspace, mention, content):
    workspace.inject_fault("files.completeUploadExternal", "error", error="invalid_blocks", times=2)

    (reply,) = workspace.wait_for_replies(mention(("cat.png", content)))

    assert "30 × 20 → 120 × 80" in reply.data["text"]
    assert [file["name"] for file in reply.files] == ["cat_4x.png"]


@pytest.mark.parametrize("refusal", ["missing_scope", "not_allowed_token_type"])
def test_without_status_lines_the_photo_comes_all_the_same(workspace, mention, content, refusal):
    workspace.inject_fault("assistant.threads.setStatus", "error", error=refusal, times=None)
    workspace.inject_fault("chat.postEphemeral", "error", error=refusal, times=None)
    workspace.inject_fault("files.info", "slow", seconds=5)
    message = mention(("cat.png", content), file_mode="file_access")

    workspace.wait_for_reaction(message, "white_check_mark")


def test_the_shortcut_enhances_the_photos_of_any_message(workspace, content):
    message = workspace.post("#photos", "no mention", files=[("cat.png", content)], user="grace")

    assert workspace.shortcut(message, "enhance_photos")

    (reply,) = workspace.wait_for_replies(message)
    assert [file["name"] for file in reply.files] == ["cat_4x.png"]
    assert workspace.click(reply, "delete"), "the one who asked, not the one who shared"
    workspace.wait_for(lambda w: not w.replies(message), 20, "the end of the reply")


def test_the_shortcut_in_a_channel_without_the_bot_says_so_to_the_one_who_used_it(workspace, content):
    channel = workspace.add_channel("elsewhere", app_is_member=False)
    message = workspace.post(channel, "no mention", files=[("cat.png", content)])

    assert workspace.shortcut(message, "enhance_photos")

    workspace.wait_for(
        lambda w: whispers(w, "I am not in this channel. Please invite me."), 20, "the sentence for the one who asked"
    )
    assert workspace.replies(message) == []


def test_the_app_home_shows_a_picture_the_state_and_the_days_counts(workspace, mention, content):
    def view(w):
        return w.state()["homes"].get(PERSON)

    workspace.open_home()
    first = workspace.wait_for(view, 20, "the App Home")
    text = str(first["blocks"])
    assert "enhancing" in text
    assert "Say" in text or "`2x`" in text
    (picture,) = [block for block in first["blocks"] if block["type"] == "image"]
    assert picture["slack_file"]["id"]
    counted = count(first)

    workspace.wait_for_reaction(mention(("cat.png", content), ("bad.png", b"no")), "warning")
    workspace.wait_for_reaction(mention(("cat.png", content), text="bicubic"), "white_check_mark")
    workspace.open_home()
    after = workspace.wait_for(lambda w: (now := view(w)) and now["hash"] != first["hash"] and now, 20, "the new view")

    assert [now - before for now, before in zip(count(after), counted, strict=True)] == [1, 1, 1]
    uploads = [call for call in workspace.calls("files.getUploadURLExternal") if "before" in call["args"]["filename"]]
    assert len(uploads) <= 1, "the picture is handed over once"


def test_a_deleted_picture_of_the_app_home_is_uploaded_again(workspace):
    def picture(view) -> str:
        return next((block["slack_file"]["id"] for block in view["blocks"] if block["type"] == "image"), "")

    def opened(wanted) -> str:
        before = (workspace.open_home() or {}).get("hash")
        return workspace.wait_for(
            lambda w: (now := w.state()["homes"].get(PERSON)) and now["hash"] != before and (picture(now),), 20, wanted
        )[0]

    while not (first := opened("the picture")):  # an earlier workspace's is gone
        pass
    WebClient(workspace.bot_token, base_url=workspace.api_url).files_delete(file=first)

    assert opened("the App Home without it") == ""
    assert opened("the picture anew") not in ("", first)


def count(view) -> list[int]:
    """Enhanced, bicubic and refused, as the view says."""
    (today,) = [
        field["text"] for block in view["blocks"] for field in block.get("fields", ()) if "Today" in field["text"]
    ]
    return [int(word) for word in today.split() if word.isdecimal()]
