"""Where Slack takes no status line: others go without one only where it takes none in their workspace."""

from collections.abc import Callable, Iterator

import pytest

from playground.testing.client import Message

pytestmark = pytest.mark.system

METHOD = "assistant.threads.setStatus"


@pytest.fixture
def ask(limited_bot, workspace, model, mention, encode, paint) -> Iterator[Callable[[], Message]]:
    """Mention the bot with a photo that stays at the model. By then whatever is told of earlier ones has been told."""
    content = encode(paint(30, 20))
    model.behaviour = "slow"

    def buttons(workspace) -> int:
        return len([one for one in workspace.ephemerals() if one["text"] == "This takes a moment."])

    def asked() -> Message:
        before = buttons(workspace)
        message = mention(("cat.png", content))
        workspace.wait_for(lambda w: buttons(w) > before, 30, "the button, with which the status line comes")
        return message

    with limited_bot(tile_seconds=120):
        yield asked


@pytest.mark.parametrize("refusal", ["not_in_channel", "invalid_thread_ts"])
def test_a_refusal_that_is_about_one_channel_silences_one_job(workspace, ask, refusal):
    workspace.inject_fault(METHOD, "error", error=refusal)
    ask()
    workspace.wait_for(lambda w: w.calls(METHOD), 20, "the refusal")

    other = ask()

    told = workspace.wait_for(lambda w: w.state()["statuses"], 20, "the status line of the other")
    assert [(one["thread_ts"], one["status"]) for one in told] == [(other.ts, "is enhancing the photo: 0%")]


@pytest.mark.parametrize("refusal", ["missing_scope", "unknown_method"])
def test_a_refusal_that_is_about_the_app_silences_its_workspace(workspace, ask, refusal):
    workspace.inject_fault(METHOD, "error", error=refusal, times=None)
    ask()
    workspace.wait_for(lambda w: w.calls(METHOD), 20, "the refusal")

    ask()
    ask()

    assert [call["error"] for call in workspace.calls(METHOD)] == ["error"]
