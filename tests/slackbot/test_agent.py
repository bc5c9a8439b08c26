"""An app that is declared an agent: Slack's own stop button, and prompts to begin with."""

import time

import pytest

from playground.testing.client import PlaygroundClient
from playground.workspace import PERSON

pytestmark = pytest.mark.system
DIRECT = "D0ADA00001"
NEEDED = ("agents.sessions.setStatus", "assistant.threads.setSuggestedPrompts")


@pytest.fixture
def agent(workspace: PlaygroundClient) -> PlaygroundClient:
    """The workspace, where the app is an agent before the bot starts."""
    now = workspace.state()["settings"]
    workspace.set(scopes=[*now["scopes"], "assistant:write"], events=[*now["events"], "agent_session_stopped"])
    return workspace


def session(workspace: PlaygroundClient, thread: str) -> str:
    return next((one["status"] for one in workspace.state()["sessions"] if one["thread_ts"] == thread), "")


def opened_messages(workspace: PlaygroundClient) -> None:
    workspace.deliver({"type": "app_home_opened", "user": PERSON, "channel": DIRECT, "tab": "messages"})


def stop(workspace: PlaygroundClient, message, user: str = PERSON) -> None:
    event = {"channel": message.channel, "thread_ts": message.ts, "user": user, "event_ts": f"{time.time():.6f}"}
    workspace.deliver({"type": "agent_session_stopped", "streaming_message_ts": [], **event})


def test_slacks_stop_button_stops_the_job_and_goes_with_it(agent, model, bot, mention, paint, encode):
    del bot
    model.behaviour = "slow"
    message = mention(("cat.png", encode(paint(30, 20))))
    agent.wait_for(lambda w: session(w, message.ts) == "processing", 30, "the stop button")

    stop(agent, message, user="U0GRACE001")  # who did not ask stops nothing
    agent.wait_for(lambda w: [one.text for one in w.replies(message)] == ["There is nothing of yours to stop here."])
    assert session(agent, message.ts) == "processing"
    stop(agent, message)

    agent.wait_for(lambda w: session(w, message.ts) == "active", 30, "the end of the button")
    agent.wait_for(lambda w: "Stopped 1 job." in [one.text for one in w.replies(message)], 30, "the word")
    assert not any(one.files for one in agent.replies(message))
    model.release.set()


def test_an_agent_suggests_what_to_say(agent, bot):
    del bot
    opened_messages(agent)

    prompts = agent.wait_for(lambda w: w.state()["prompts"].get(DIRECT), 30, "the prompts")
    assert [one["message"] for one in prompts] == ["help", "status", "cancel"]


def test_what_is_no_agent_asks_once_and_answers_all_the_same(workspace, model, bot, mention, paint, encode):
    del bot
    opened_messages(workspace)
    workspace.wait_for(lambda w: w.calls(NEEDED[1]), 30, "the question")
    opened_messages(workspace)
    model.behaviour = "slow"
    messages = [mention(("cat.png", encode(paint(30, 20)))) for _ in range(2)]
    workspace.wait_for(lambda w: all("eyes" in w.message(one).reactions for one in messages), 30, "the eyes")
    model.behaviour = "well"
    model.release.set()
    for message in messages:
        workspace.wait_for_reaction(message, "white_check_mark")
        assert workspace.replies(message)[0].files

    for name in NEEDED:
        assert [call["error"] for call in workspace.calls(name)] == ["missing_scope"]
