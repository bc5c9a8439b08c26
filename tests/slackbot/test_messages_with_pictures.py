"""Pictures in forwarded messages, threads, links and other places; the real bot, the playground."""

import pytest

from playground.workspace import PERSON

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("standing_bot")]


@pytest.fixture
def content(paint, encode):
    return encode(paint(30, 20))


def names(message) -> list[str]:
    return [file["name"] for file in message.files]


def replies_with_files(workspace, parent, count):
    return workspace.wait_for(
        lambda w: len(found := [m for m in w.replies(parent) if m.data["user"] == w.bot_user]) == count and found,
        60,
        f"{count} replies",
    )


def test_a_forwarded_message_brings_its_photo(workspace, content):
    before = workspace.post("#general", "from elsewhere", files=[("there.png", content)])

    mentioned = workspace.forward(before, "#photos", f"<@{workspace.bot_user}> please")
    direct = workspace.forward(before, PERSON)

    for message in (mentioned, direct):
        (reply,) = workspace.wait_for_replies(message)
        assert names(reply) == ["there_4x.png"]


def test_a_long_thread_is_done_from_its_newest_photos_on_and_none_twice(workspace, mention, content):
    parent = workspace.post("#photos", "all of them", files=[(f"{n}.png", content) for n in range(6)])
    workspace.post("#photos", "and", files=[(f"{n}.png", content) for n in range(6, 12)], thread=parent)

    mention(thread=parent)
    (first,) = replies_with_files(workspace, parent, 1)
    assert names(first) == [f"{n}_4x.png" for n in range(2, 12)]
    assert "2 more are left" in first.text

    mention(thread=parent)
    second = replies_with_files(workspace, parent, 2)[1]
    assert names(second) == ["0_4x.png", "1_4x.png"]

    mention(thread=parent)
    third = replies_with_files(workspace, parent, 3)[2]
    assert third.text.startswith("I have answered every photo here already.")

    mention(thread=parent, text="again")
    fourth = replies_with_files(workspace, parent, 4)[3]
    assert names(fourth) == [f"{n}_4x.png" for n in range(2, 12)]

    assert workspace.click(second, "smaller")
    workspace.wait_for(
        lambda w: ["0_2x.png", "1_2x.png"] in [names(one) for one in w.replies(parent)], 30, "2x of the very photos"
    )


def test_a_file_outside_slack_is_named_as_that(workspace, mention, content):
    message = mention(("drive.png", content), file_mode="external")

    (reply,) = workspace.wait_for_replies(message)

    assert reply.text == "*drive.png*: the file is not hosted by Slack, so I can't fetch it."


def test_a_link_to_a_picture_of_slacks_is_followed_and_no_other(workspace, mention, content):
    there = workspace.post("#general", files=[("there.png", content)]).files[0]

    (reply,) = workspace.wait_for_replies(mention(text=f"<{there['permalink']}>"))
    assert names(reply) == ["there_4x.png"]
    (reply,) = workspace.wait_for_replies(mention(text="<https://example.com/cat%20one.png|this>"))
    assert reply.text == "*cat one.png*: the file is not hosted by Slack, so I can't fetch it."
    (reply,) = workspace.wait_for_replies(mention(text="<https://example.com/page>"))
    assert "Share a photo and mention me" in reply.text


def test_slack_is_asked_of_no_more_linked_files_than_are_taken(workspace, mention, content):
    there = workspace.post("#general", files=[(f"{n}.png", content) for n in range(12)]).files

    (reply,) = workspace.wait_for_replies(mention(text=" ".join(file["permalink"] for file in there)))

    assert names(reply) == [f"{n}_4x.png" for n in range(10)]
    assert "2 more are left" in reply.text
    assert [call["args"]["file"] for call in workspace.calls("files.info")] == [file["id"] for file in there[:10]]


def test_a_link_shows_nobody_what_they_may_not_see(workspace, mention, content):
    private = workspace.add_channel("secret", private=True)
    (hers,) = workspace.post(private, files=[("hers.png", content)], user="grace").files
    (direct,) = workspace.post("U0GRACE001", files=[("direct.png", content)], user="grace").files

    for file in (hers, direct):
        message = mention(text=f"<{file['permalink']}>")
        (reply,) = workspace.wait_for_replies(message)
        assert reply.text.endswith(": the file is no longer there, or not mine to see.")
        assert file["name"] not in reply.text
    assert not [call for call in workspace.calls("download") if hers["id"] in str(call)]

    for message in (
        mention(text=f"<{hers['permalink']}>", user="grace"),
        mention(text=f"<{hers['permalink']}>", channel=private),
    ):
        (reply,) = workspace.wait_for_replies(message)
        assert names(reply) == ["hers_4x.png"]


def test_a_mention_that_is_written_into_a_message_later_counts_once(workspace, content):
    message = workspace.post("#photos", "look", files=[("cat.png", content)])
    workspace.edit(message, f"<@{workspace.bot_user}> look")
    (reply,) = workspace.wait_for_replies(message)
    assert names(reply) == ["cat_4x.png"]

    workspace.edit(message, f"<@{workspace.bot_user}> look at this")
    after = workspace.post("#photos", f"<@{workspace.bot_user}>", files=[("dog.png", content)])
    workspace.wait_for_reaction(after, "white_check_mark")
    assert len(workspace.replies(message)) == 1
