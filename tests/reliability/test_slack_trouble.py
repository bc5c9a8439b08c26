"""Slack limits, stalls and hangs up: the reply comes, and never faster than Slack allows."""

import itertools
import json
import time

import pytest

from playground.testing.client import Message
from slackbot.limits import SlackLimits
from tests.processes import until

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("bot")]
PAUSE = 2
# Of a job with a photo; words are posted by another.
CALLS = (
    "files.info",
    "reactions.add",
    "download",
    "files.getUploadURLExternal",
    "upload",
    "files.completeUploadExternal",
)
WORDS = "chat.postMessage"


def test_every_call_limited_once_waits_as_long_as_slack_asks(workspace, bot, ask, figures):
    for call in CALLS:
        workspace.inject_fault(call, "rate_limited", retry_after=PAUSE)
    message = ask()
    assert workspace.wait_for_reaction(message, "white_check_mark", 90).reactions == {"white_check_mark"}
    workspace.inject_fault(WORDS, "rate_limited", retry_after=PAUSE)
    words = workspace.post("#photos", f"<@{workspace.bot_user}> help")
    workspace.wait_for_replies(words)

    assert [len(workspace.replies(one)) for one in (message, words)] == [1, 1]
    assert bot.metric('enhancer_slack_refusals_total{reason="rate_limited"}') == len(CALLS) + 1
    pauses = {}
    for call in (*CALLS, WORDS):
        refused, again, *_ = workspace.calls(call)
        assert refused["status"] == 429, call
        pauses[call] = again["at"] - refused["at"]
    assert min(pauses.values()) >= PAUSE, pauses
    figures.write(
        "test_every_call_limited_once_waits_as_long_as_slack_asks",
        f"Retry-After of {PAUSE} s at {len(pauses)} calls: each next try {min(pauses.values()):.1f} s later or more",
    )


def test_calls_that_slack_does_not_do_are_counted(workspace, bot, ask):
    workspace.inject_fault("files.info", "reset")
    workspace.inject_fault("files.completeUploadExternal", "server_error")
    workspace.wait_for_reaction(ask(), "white_check_mark", 90)
    workspace.inject_fault("files.info", "error", error="missing_scope")
    workspace.wait_for_reaction(ask(), "x", 90)
    workspace.inject_fault("download", "login_page")
    workspace.wait_for_reaction(ask(), "x", 90)
    counted = {
        reason: bot.metric(f'enhancer_slack_refusals_total{{reason="{reason}"}}')
        for reason in ("rate_limited", "unavailable", "permission")
    }
    assert counted == {"rate_limited": 0, "unavailable": 2, "permission": 2}


def test_one_call_limited_again_and_again_is_never_tried_too_soon(workspace, ask):
    """Often enough for the client that calls Slack to give up, and for the job to begin the step anew."""
    workspace.inject_fault("files.getUploadURLExternal", "rate_limited", retry_after=3, times=7)
    message = ask()
    workspace.wait_for_reaction(message, "white_check_mark", 90)

    calls = [call["at"] for call in workspace.calls("files.getUploadURLExternal")]
    assert len(calls) == 8
    assert min(later - earlier for earlier, later in itertools.pairwise(calls)) >= 3


@pytest.mark.parametrize("call", ["files.info", "download", "files.getUploadURLExternal", "upload"])
def test_more_patience_than_a_job_has_is_not_asked_of_it(workspace, ask, call):
    workspace.inject_fault(call, "rate_limited", retry_after=round(SlackLimits().slack_patience) + 1, times=None)
    message = ask()
    workspace.wait_for_reaction(message, "x", 60)

    (reply,) = workspace.replies(message)
    assert "Slack asks me to wait for longer than I can." in reply.text
    assert len(workspace.calls(call)) == 1


def test_an_upload_that_hangs_and_a_connection_that_breaks(bot, workspace, ask, figures):
    workspace.inject_fault("upload", "slow", seconds=100)
    hanging = ask("hanging.png")
    until(lambda: workspace.calls("upload"), 20, "the upload")
    workspace.inject_fault("download", "slow", seconds=2)
    message = ask("cut.png")
    until(lambda: len(workspace.calls("download")) == 2, 20, "the download")
    workspace.inject_fault("socket", "refuse_connection", times=None)
    workspace.disconnect(abruptly=True)
    cut = time.monotonic()

    _, body = until(lambda: (page := bot.page("/healthz"))[0] == 503 and page, 30, "a 503")
    assert json.loads(body)["slack"] == "no connection to Slack"
    workspace.wait_for_reaction(message, "white_check_mark", 60)
    workspace.clear_faults()
    until(lambda: bot.page("/healthz")[0] == 200, 60, "the connection")
    connected = time.monotonic() - cut
    workspace.wait_for_reaction(hanging, "white_check_mark", 60)

    assert [len(workspace.replies(one)) for one in (hanging, message)] == [1, 1]
    figures.write(
        "test_an_upload_that_hangs_and_a_connection_that_breaks",
        f"both replies came; the health page said 503 while cut off, and 200 {connected:.0f} s after the cut",
    )


def test_no_photo_waits_for_reactions_that_slack_does_not_take(workspace, ask, full):
    workspace.inject_fault("reactions.add", "rate_limited", retry_after=200, times=None)
    messages = [ask(f"{number}.png") for number in range(60 if full else 12)]  # more than are at work at a time
    for message in messages:
        workspace.wait_for_replies(message, 1, 120)

    assert len(workspace.calls("reactions.add")) == 1, "asked to wait, it waits"


def test_many_small_photos_under_slacks_own_limits(workspace, ask, figures, full):
    """The playground takes fifty reactions a minute, as Slack does."""
    workspace.set(enforce_rate_limits=True)
    count = 60 if full else 6
    begin = time.monotonic()
    messages = [ask(f"{number}.png") for number in range(count)]
    for message in messages:
        workspace.wait_for_replies(message, 1, 200)
    took = time.monotonic() - begin

    workspace.wait_for_reaction(messages[-1], "white_check_mark", 150)
    reactions = len([call for call in workspace.calls("reactions.add") if call["status"] == 200])
    figures.write(
        "test_many_small_photos_under_slacks_own_limits",
        f"{count} small photos, {count} replies in {took:.0f} s, {reactions} reactions",
    )


def test_who_asks_for_help_again_before_it_comes_gets_it_once(workspace, bot):
    def asked(user: str = "ada") -> Message:
        return workspace.post("#photos", f"<@{workspace.bot_user}> help", user=user)

    workspace.inject_fault(WORDS, "rate_limited", retry_after=10)
    first = asked()
    workspace.wait_for(lambda w: w.calls(WORDS), 20, "the refusal")
    again = [asked() for _ in range(3)]
    for one in (asked("grace"), first):
        workspace.wait_for_replies(one)
    until(lambda: bot.metric("enhancer_queue_depth") == 0, 20, "the end of all")
    assert [workspace.replies(one) for one in again] == [[]] * 3

    workspace.wait_for_replies(asked())


def test_replies_under_slacks_own_limits(workspace, figures, full):
    """The playground enforces Slack's published limits: about one message a second in a channel."""
    workspace.set(enforce_rate_limits=True)
    count = 40 if full else 10
    people = [workspace.add_person(f"Person {number}") for number in range(count)]
    begin = time.monotonic()
    messages = [workspace.post("#photos", f"<@{workspace.bot_user}> help", user=person) for person in people]
    for message in messages:
        workspace.wait_for_replies(message, 1, 200)

    assert all(len(workspace.replies(message)) == 1 for message in messages)
    refused = [call for call in workspace.calls() if call["status"] == 429]
    assert refused
    figures.write(
        "test_replies_under_slacks_own_limits",
        f"{count} requests at once, {count} replies in {time.monotonic() - begin:.0f} s, {len(refused)} calls refused",
    )
