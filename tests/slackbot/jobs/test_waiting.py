"""Jobs that take a while: status lines, the queue, and every way to stop one, with the real bot process."""

import contextlib

import pytest

from playground.testing.client import Message
from playground.workspace import PERSON
from tests.processes import until

pytestmark = pytest.mark.system


def acknowledged(workspace) -> bool:
    """Whether every event was acknowledged, though perhaps not every delivery of it."""
    deliveries = workspace.deliveries()
    return {d["event_id"] for d in deliveries} == {d["event_id"] for d in deliveries if d["acknowledged_at"]}


def redeliver(workspace, message: Message) -> None:
    """Send the events about a message again; each delivery has to be acknowledged."""
    events = {one["event_id"] for one in workspace.events() if one["event"].get("ts") == message.ts}
    for event in events:
        workspace.redeliver(event)

    def again(w) -> bool:
        deliveries = [one for one in w.deliveries() if one["event_id"] in events]
        return len(deliveries) >= 2 * len(events) and all(one["acknowledged_at"] for one in deliveries)

    workspace.wait_for(again, 20, "acknowledgements of what came again")


def whispers(workspace, text: str) -> list[Message]:
    return [Message(one["channel"], one["ts"], one) for one in workspace.ephemerals() if one["text"] == text]


def whisper(workspace, text: str) -> Message:
    return workspace.wait_for(lambda w: whispers(w, text), 30, f"the whisper {text!r}")[0]


def statuses(workspace) -> dict[str, str]:
    return {one["thread_ts"]: one["status"] for one in workspace.state()["statuses"]}


@pytest.fixture
def slow(bot, model):
    """A model that takes its time until `release`."""
    del bot
    model.behaviour = "slow"
    yield model
    model.release.set()


@pytest.fixture
def content(paint, encode):
    return encode(paint(30, 20))


def test_a_long_job_shows_how_far_it_is_and_stops_when_asked(slow, workspace, mention, content):
    message = mention(("cat.png", content), ("dog.png", content))
    button = whisper(workspace, "This takes a moment.")
    assert button.data["to"] == PERSON
    workspace.wait_for(statuses, 20, "the status")
    assert statuses(workspace) == {message.ts: "is enhancing photo 1 of 2: 0%"}

    assert workspace.click(button, "cancel")

    workspace.wait_for(lambda w: not w.message(message).reactions, 15, "the end")
    workspace.wait_for(lambda w: not statuses(w), 10, "the end of the status")
    workspace.wait_for(lambda w: whispers(w, "Stopped."), 10, "the word")
    assert workspace.replies(message) == []
    slow.behaviour = "well"
    slow.release.set()
    workspace.wait_for_reaction(mention(("fox.png", content)), "white_check_mark")
    assert workspace.replies(message) == []


def test_a_word_for_the_asker_alone_comes_though_slack_is_away_for_a_moment(slow, workspace, mention, content):
    del slow
    mention(("cat.png", content))
    button = whisper(workspace, "This takes a moment.")
    workspace.inject_fault("response_url", "server_error")

    assert workspace.click(button, "cancel")

    whisper(workspace, "Stopped.")


def test_cancel_as_a_word_stops_the_askers_jobs_in_the_thread_and_no_others(slow, workspace, mention, content):
    mine = mention(("cat.png", content))
    other = mention(("dog.png", content), user="grace")
    workspace.wait_for(lambda w: len(w.calls("download")) == 2, 20, "both")

    mention(text="cancel", thread=mine)

    said = workspace.wait_for_replies(mine, 2)
    assert said[1].text == "Stopped 1 job."
    slow.behaviour = "well"
    slow.release.set()
    workspace.wait_for_reaction(other, "white_check_mark")
    assert len(workspace.replies(mine)) == 2


@pytest.mark.parametrize("asked", ["by a mention", "by a mention that got a reply", "by the shortcut"])
def test_deleting_the_message_stops_its_job(slow, workspace, mention, content, asked):
    if asked == "by the shortcut":
        message = workspace.post("#photos", "look", files=[("cat.png", content)])
        assert workspace.shortcut(message, "enhance_photos")
    else:
        message = mention(("cat.png", content))
    if asked == "by a mention that got a reply":
        workspace.post("#photos", "nice", thread=message)
    workspace.wait_for(lambda w: w.calls("download"), 20, "the download")

    workspace.delete(message)
    workspace.wait_for(acknowledged, 10, "acknowledgements")
    slow.behaviour = "well"
    slow.release.set()

    workspace.wait_for_reaction(mention(("dog.png", content)), "white_check_mark")
    assert len(workspace.calls("files.completeUploadExternal")) == 1


def test_a_job_in_the_queue_is_seen_at_once_and_knows_its_place(slow, workspace, mention, content):
    messages = {message.ts: message for message in (mention((f"{index}.png", content)) for index in range(10))}

    def lines(workspace) -> dict[str, str]:
        """Status lines of the two that wait, by their text."""
        return {line: ts for ts, line in statuses(workspace).items() if "enhancing" not in line}

    found = workspace.wait_for(lambda w: len(lines(w)) == 2 and lines(w), 30, "the status of those that wait")
    assert set(found) == {"is next to look at this", "has 1 message to look at before this one (about 1 minute)"}
    for ts in found.values():
        workspace.wait_for_reaction(messages[ts], "eyes", 10)
    status = mention(text="status")
    (reply,) = workspace.wait_for_replies(status)
    assert "I am working on 8 messages, 2 wait, the last for about" in reply.text

    slow.behaviour = "well"
    slow.release.set()
    for message in messages.values():
        workspace.wait_for_reaction(message, "white_check_mark", 60)


def test_who_asks_once_does_not_wait_behind_who_asked_often(slow, workspace, mention, content):
    many = [mention((f"{index}.png", content)) for index in range(14)]
    one = mention(("mine.png", content), user="grace")
    workspace.wait_for(lambda w: len({d["event_id"] for d in w.deliveries("app_mention")}) == 15, 20, "all events")
    workspace.wait_for(acknowledged, 20, "acknowledgements")
    slow.behaviour = "well"
    slow.release.set()
    for message in (*many, one):
        workspace.wait_for_reaction(message, "white_check_mark", 60)

    begun = [*dict.fromkeys(call["args"]["file"] for call in workspace.calls("files.info"))]
    later = begun[begun.index(one.files[0]["id"]) + 1 :]
    assert len(later) >= 3, "of the six that waited before it, most come after it"


def test_one_person_who_asks_for_everything_keeps_nobody_waiting(limited_bot, workspace, model, mention, content):
    """Ada's photos stay at a model that does not answer: all that a bot takes on of one person, and more that wait."""
    model.behaviour = "slow"
    with limited_bot(jobs_at_once=4, enhancing_at_once=8, tile_seconds=120):
        many = [mention((f"{index}.png", content)) for index in range(8)]
        until(lambda: model.asked >= 4, 20, "Ada's photos at the model")
        workspace.wait_for(lambda w: len({d["event_id"] for d in w.deliveries("app_mention")}) == 8, 20, "all events")
        workspace.wait_for(acknowledged, 20, "acknowledgements")
        model.behaviour = "well"

        workspace.wait_for_reaction(mention(("mine.png", content), user="grace"), "white_check_mark", 20)

        assert [workspace.replies(message) for message in many] == [[]] * 8
        model.release.set()
        for message in many:
            workspace.wait_for_reaction(message, "white_check_mark", 60)


def test_a_stopped_job_stays_stopped_after_a_kill(bot, slow, workspace, mention, content):
    message = mention(("cat.png", content))
    button = whisper(workspace, "This takes a moment.")
    with contextlib.suppress(Exception):
        workspace.click(button, "cancel")
    bot.kill()
    slow.behaviour = "well"
    slow.release.set()

    bot.start()
    workspace.wait_for_reaction(mention(("dog.png", content)), "white_check_mark")
    assert workspace.replies(message) == []


def test_a_full_queue_is_answered_with_a_sentence_and_a_time(busy_bot, workspace, model, mention, content):
    model.behaviour = "slow"
    working = mention(("0.png", content))
    workspace.wait_for(lambda w: w.calls("download"), 20, "work on the first")
    waiting = [mention((f"{index}.png", content)) for index in (1, 2)]
    workspace.wait_for(acknowledged, 20, "acknowledgements")
    too_many = mention(("3.png", content))

    (reply,) = workspace.wait_for_replies(too_many)
    full = "I'm at capacity. Please ask me again in about 1 minute."
    assert reply.text == full
    assert busy_bot.metric('enhancer_refused_total{reason="queue_full"}') == 1
    (reply,) = workspace.wait_for_replies(mention(text="help"))
    assert "Share a photo" in reply.text, "words do not wait behind photos"

    model.behaviour = "well"
    model.release.set()
    for message in (working, *waiting):
        workspace.wait_for_reaction(message, "white_check_mark")
    workspace.wait_for_reaction(mention(("4.png", content)), "white_check_mark")
    redeliver(workspace, too_many)
    workspace.wait_for_reaction(mention(("5.png", content)), "white_check_mark")
    assert [one.text for one in workspace.replies(too_many)] == [full]
    assert statuses(workspace) == {}


def test_a_full_queue_is_told_the_asker_alone_where_the_bot_cannot_post(busy_bot, workspace, model, mention, content):
    del busy_bot
    model.behaviour = "slow"
    mention(("0.png", content))
    workspace.wait_for(lambda w: w.calls("download"), 20, "work on the first")
    for index in (1, 2):
        mention((f"{index}.png", content))
    workspace.wait_for(lambda w: len({d["event_id"] for d in w.deliveries("app_mention")}) == 3, 20, "all events")
    workspace.wait_for(acknowledged, 20, "acknowledgements")
    channel = workspace.add_channel("elsewhere", app_is_member=False)
    message = workspace.post(channel, "no mention", files=[("3.png", content)])

    assert workspace.shortcut(message, "enhance_photos")

    whisper(workspace, "I'm at capacity. Please ask me again in about 1 minute.")
    assert workspace.replies(message) == []


def test_2x_instead_waits_for_room_where_the_queue_is_full(busy_bot, workspace, model, mention, content):
    del busy_bot
    message = mention(("cat.png", content))
    workspace.wait_for_reaction(message, "white_check_mark")
    (reply,) = workspace.replies(message)
    model.behaviour = "slow"
    others = [mention(("0.png", content))]
    workspace.wait_for(lambda w: len(w.calls("download")) == 2, 20, "work on the first")
    others += [mention((f"{index}.png", content)) for index in (1, 2)]
    workspace.wait_for(lambda w: len({d["event_id"] for d in w.deliveries("app_mention")}) == 4, 20, "all events")
    workspace.wait_for(acknowledged, 20, "acknowledgements")

    assert workspace.click(reply, "smaller")

    whisper(workspace, "I'm at capacity. Please ask me again in about 1 minute.")
    redeliver(workspace, message)
    assert [one.ts for one in workspace.replies(message)] == [reply.ts]
    model.behaviour = "well"
    model.release.set()
    for one in others:
        workspace.wait_for_reaction(one, "white_check_mark")

    assert workspace.click(reply, "smaller")

    workspace.wait_for(
        lambda w: [[file.get("name") for file in one.files] for one in w.replies(message)] == [["cat_2x.png"]], 30, "2x"
    )


def test_2x_instead_that_waits_ends_without_a_reply_where_the_one_to_replace_is_deleted(
    busy_bot, workspace, model, mention, content
):
    message = mention(("cat.png", content))
    workspace.wait_for_reaction(message, "white_check_mark")
    (reply,) = workspace.replies(message)
    model.behaviour = "slow"
    other = mention(("0.png", content))
    workspace.wait_for(lambda w: len(w.calls("download")) == 2, 20, "work on the other")

    assert workspace.click(reply, "smaller")
    assert workspace.click(reply, "delete")
    workspace.wait_for(lambda w: not w.replies(message), 20, "the end of the reply")
    model.behaviour = "well"
    model.release.set()

    workspace.wait_for_reaction(other, "white_check_mark")
    until(lambda: not busy_bot.metric("enhancer_queue_depth"), 20, "the end of all jobs")
    assert workspace.replies(message) == []
    assert len(workspace.calls("download")) == 2
