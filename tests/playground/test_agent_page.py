"""What the page shows of an app that is declared an agent: its stop button and its suggested prompts."""

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import expect

from playground.settings import EVENTS, SCOPES
from playground.testing.client import PlaygroundClient
from playground.testing.control_api import ControlError

pytestmark = pytest.mark.browser
PHOTOS, DIRECT, ADA = "C0PHOTOS01", "D0ADA00001", "U0ADA00001"


@pytest.fixture
def agent(workspace):
    workspace.set(scopes=[*SCOPES, "assistant:write"], events=[*EVENTS, "agent_session_stopped"])
    return workspace


def heard(workspace, kind: str) -> list[dict]:
    return [one["event"] for one in workspace.events(kind)]


def test_a_thread_has_a_stop_button_while_the_agent_is_at_work_there(page, agent, app):
    message = agent.post("#photos", "@enhancer", user="ada")
    other = agent.post("#photos", "@enhancer", user="ada")
    page.get_by_test_id("message").first.hover()
    page.get_by_test_id("reply-in-thread").first.click()
    stop = page.get_by_test_id("thread-pane").get_by_test_id("agent-stop")
    app.agents_sessions_setStatus(channel_id=PHOTOS, thread_ts=other.ts, status="processing")
    app.agents_sessions_setStatus(channel_id=PHOTOS, thread_ts=message.ts, status="processing")
    expect(stop).to_have_count(1)

    stop.click()
    expect(stop).to_be_disabled()
    (event,) = agent.wait_for(lambda w: heard(w, "agent_session_stopped"), 10, "the event")
    assert (event["channel"], event["thread_ts"], event["user"]) == (PHOTOS, message.ts, ADA)

    app.agents_sessions_setStatus(channel_id=PHOTOS, thread_ts=message.ts, status="active")
    expect(stop).to_have_count(0)
    with pytest.raises(ControlError, match="Nothing is at work"):
        agent.stop_session(message)


def test_a_direct_message_offers_what_the_agent_suggests(page, agent, app):
    page.get_by_test_id("dm-enhancer").click()
    event = agent.wait_for(lambda w: heard(w, "app_home_opened"), 10, "the event")[0]
    assert (event["tab"], event["user"], event["channel"]) == ("messages", ADA, DIRECT)
    expect(page.get_by_test_id("prompts")).to_have_count(0)

    app.assistant_threads_setSuggestedPrompts(
        channel_id=DIRECT,
        prompts=[{"title": "What can you do?", "message": "help"}, {"title": "Up?", "message": "status"}],
    )
    page.get_by_test_id("prompts").get_by_role("button", name="What can you do?").click()
    expect(page.get_by_test_id("message-text")).to_have_text("help")
    assert [one.text for one in agent.messages(DIRECT)] == ["help"]

    page.reload()
    expect(page.get_by_test_id("prompts").get_by_role("button")).to_have_count(2)


@pytest.mark.usefixtures("agent")
def test_the_welcome_is_read_from_its_top_though_the_suggestions_take_room(page, app):
    page.set_viewport_size({"width": 360, "height": 520})
    page.get_by_test_id("menu").click()
    page.get_by_test_id("dm-enhancer").click()
    app.assistant_threads_setSuggestedPrompts(channel_id=DIRECT, prompts=[{"title": "Help", "message": "help"}])
    expect(page.get_by_test_id("prompts")).to_be_visible()
    expect(page.get_by_role("heading", name="Drop a photo here")).to_be_in_viewport()


def test_the_option_declares_the_app_an_agent():
    with PlaygroundClient.start(options=("--agent",)) as workspace:
        settings = workspace.state()["settings"]
    assert "assistant:write" in settings["scopes"]
    assert "agent_session_stopped" in settings["events"]
