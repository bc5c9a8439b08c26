"""A mention without a photo right after a photo, with the real bot process in the playground."""

import pytest

from playground.testing.client import Message
from playground.workspace import PERSON
from slackbot.slack import messages

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("standing_bot")]


@pytest.fixture
def photo(workspace, paint, encode) -> Message:
    return workspace.post("#photos", "look", files=[("cat.jpg", encode(paint(30, 20), "JPEG"))], user="grace")


def asked(workspace) -> Message:
    """The question, once it is asked."""

    def found(w):
        return [one for one in w.ephemerals() if "Do you mean" in one["text"]]

    (one,) = workspace.wait_for(found, 30, "the question")
    assert one["to"] == PERSON
    return Message(one["channel"], one["ts"], one)


def said(workspace) -> list[str]:
    return [one["text"] for one in workspace.ephemerals()]


def test_the_button_takes_the_photo_above_as_the_words_want_it(workspace, mention, photo):
    message = mention(text="2x png")
    question = asked(workspace)
    assert "*cat.jpg* above" in question.data["text"]

    assert workspace.click(question, "above")

    (reply,) = workspace.wait_for_replies(photo)
    assert [file["name"] for file in reply.files] == ["cat_2x.png"]
    assert workspace.replies(message) == []
    workspace.wait_for(lambda w: messages.ABOVE in said(w), 20, "the end of the question")
    assert not any("Do you mean" in text for text in said(workspace)), "that stands in its place"


def test_only_the_one_who_asked_may_press(workspace, mention, photo):
    mention()

    assert workspace.click(asked(workspace), "above", user="grace")

    workspace.wait_for(lambda w: messages.NOT_YOURS in said(w), 20, "the refusal")
    assert workspace.replies(photo) == []


def test_a_value_that_is_no_earlier_message_is_refused(workspace, mention, photo):
    mention()
    question = asked(workspace)
    job = question.data["blocks"][1]["elements"][0]["value"].split()[0]

    assert workspace.click(question, "above", value=f"{job} 9999999999.1")

    workspace.wait_for(lambda w: messages.sentence(messages.TROUBLE) in said(w), 20, "the refusal")
    assert workspace.replies(photo) == []


@pytest.mark.parametrize("method", ["conversations.history", "chat.postEphemeral"])
def test_where_slack_refuses_the_question_the_help_comes(workspace, mention, photo, method):
    assert photo.files
    workspace.inject_fault(method, "error", error="missing_scope", times=None)

    (reply,) = workspace.wait_for_replies(mention())

    assert "Share a photo and mention me" in reply.text


def test_something_said_in_between_means_no_photo(workspace, mention, photo):
    assert photo.files
    workspace.post("#photos", "nice", user="grace")

    (reply,) = workspace.wait_for_replies(mention())

    assert "Share a photo and mention me" in reply.text
