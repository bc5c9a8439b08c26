"""The real bot process in the playground: photos in, one reply in the thread."""

import re

import pytest
from PIL import Image

from playground.workspace import PERSON

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("standing_bot")]


def test_a_mention_with_a_photo_is_answered_in_its_thread(workspace, mention, paint, encode, opened):
    photo = paint(300, 200)
    message = mention(("cat.png", encode(photo)))

    (reply,) = workspace.wait_for_replies(message)

    assert re.fullmatch(r"\*cat\.png\*: 300 × 200 → 1200 × 800, enhanced by model version 7 in \d+\.\d s\.", reply.text)
    assert [file["name"] for file in reply.files] == ["cat_4x.png"]
    assert opened(reply.files[0]).tobytes() == photo.resize((1200, 800), Image.Resampling.NEAREST).tobytes()
    workspace.wait_for(lambda w: w.message(message).reactions == {"white_check_mark"}, 10, "the tick alone")


def test_several_photos_and_a_bad_one_are_one_reply_with_a_line_each(workspace, mention, paint, encode, opened):
    message = mention(
        ("a.png", encode(paint(40, 30))), ("b.jpg", b"%PDF-1.7 not a photo"), ("c.jpg", encode(paint(64, 48), "JPEG"))
    )

    (reply,) = workspace.wait_for_replies(message)

    first, second, third = reply.text.split("\n")
    assert first.startswith("*a.png*: 40 × 30 → 160 × 120, ")
    assert second.startswith("*b.jpg*: this is not a picture I know.")
    assert third.startswith("*c.jpg*: 64 × 48 → 256 × 192, ")
    assert [(file["name"], opened(file).format) for file in reply.files] == [
        ("a_4x.png", "PNG"),
        ("c_4x.jpg", "JPEG"),
    ]
    workspace.wait_for_reaction(message, "warning")


def test_a_mention_in_a_thread_takes_the_photos_of_the_thread_but_not_the_bots_own(workspace, mention, paint, encode):
    parent = workspace.post("#photos", "look", files=[("a.png", encode(paint(40, 30)))])
    workspace.post("#photos", "and", files=[("b.png", encode(paint(20, 10)))], thread=parent)
    mention(thread=parent)

    results = workspace.wait_for(lambda w: [m for m in w.replies(parent) if "→" in m.text], 30, "the reply")
    assert [file["name"] for file in results[0].files] == ["a_4x.png", "b_4x.png"]

    mention(thread=parent, text="2x")
    results = workspace.wait_for(
        lambda w: len(found := [m for m in w.replies(parent) if "→" in m.text]) == 2 and found, 30, "the second reply"
    )
    assert [file["name"] for file in results[1].files] == ["a_2x.png", "b_2x.png"]


def test_a_photo_in_a_direct_message_needs_no_mention(workspace, paint, encode, opened):
    message = workspace.post(PERSON, files=[("cat.webp", encode(paint(30, 20), "WEBP"))])

    (reply,) = workspace.wait_for_replies(message)

    assert opened(reply.files[0]).size == (120, 80)


def test_no_photo_gets_help_and_small_talk_gets_nothing(workspace, mention):
    silent = workspace.post("#photos", "nothing for the bot here")
    in_channel = mention(text="")
    direct = workspace.post(PERSON, "hello")

    for message in (in_channel, direct):
        (reply,) = workspace.wait_for_replies(message)
        assert "Share a photo and mention me" in reply.text
    assert workspace.replies(silent) == []


def test_a_slack_connect_stub_is_looked_up(workspace, mention, paint, encode):
    message = mention(("cat.png", encode(paint(30, 20))), file_mode="file_access")

    (reply,) = workspace.wait_for_replies(message)

    assert reply.files[0]["name"] == "cat_4x.png"


def test_one_event_many_times_and_its_twin_are_one_reply(workspace, mention, paint, encode):
    message = mention(("cat.png", encode(paint(30, 20))))
    events = workspace.wait_for(lambda w: [e for e in w.events() if e["event"].get("ts") == message.ts], 10, "events")
    for event in events:
        workspace.redeliver(event["event_id"], times=3)
    workspace.wait_for_reaction(message, "white_check_mark")
    workspace.redeliver(events[0]["event_id"], times=2)
    workspace.wait_for(lambda w: all(d["acknowledged_at"] for d in w.deliveries()), 10, "acknowledgements")

    after = mention(("dog.png", encode(paint(30, 20))))
    workspace.wait_for_reaction(after, "white_check_mark")

    assert len(workspace.replies(message)) == 1


def test_a_hostile_name_pings_nobody(workspace, mention, paint, encode):
    message = mention(("<!channel> `*x*` \u202egnp.png", encode(paint(8, 8))))

    (reply,) = workspace.wait_for_replies(message)

    assert reply.text.startswith("*&lt;!channel&gt; ˋ∗x∗ˋ gnp.png*: 8 × 8 → 32 × 32")


@pytest.mark.parametrize("kind", ["login_page", "redirect"])
def test_the_login_page_instead_of_a_file_names_the_missing_scope(workspace, mention, paint, encode, kind):
    workspace.inject_fault("download", kind)
    message = mention(("cat.png", encode(paint(30, 20))))

    (reply,) = workspace.wait_for_replies(message)

    assert "missing scope is files:read" in reply.text
