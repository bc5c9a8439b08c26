"""The App Home while the model server or Slack is in trouble, with the real bot process."""

import pytest

from playground.workspace import PERSON
from tests.processes import until

pytestmark = pytest.mark.system


@pytest.mark.usefixtures("bot")
def test_the_app_home_says_when_it_is_bicubic_for_now_and_does_without_its_picture(workspace, model):
    model.stop()
    workspace.inject_fault("files.getUploadURLExternal", "error", error="not_allowed", times=None)

    workspace.open_home("U0GRACE001")

    view = workspace.wait_for(lambda w: w.state()["homes"].get("U0GRACE001"), 20, "the App Home")
    assert "bicubic for now" in str(view["blocks"])
    assert not [block for block in view["blocks"] if block["type"] == "image"]


def test_app_homes_that_slack_makes_wait_keep_no_word_waiting(limited_bot, workspace, mention):
    workspace.inject_fault("views.publish", "rate_limited", retry_after=200, times=None)
    with limited_bot(commands_at_once=2) as bot:
        for person in (PERSON, "U0GRACE001", "U0ALAN0001"):
            workspace.open_home(person)
        until(lambda: len(workspace.calls("views.publish")) == 3, 20, "a refusal for each")

        (reply,) = workspace.wait_for_replies(mention(text="help"), 1, 20)

        assert "Share a photo" in reply.text
        assert len(workspace.calls("views.publish")) == 3
        until(lambda: bot.metric('enhancer_refused_total{reason="decoration"}') == 3, 20, "three that are counted")
        workspace.clear_faults()
        workspace.open_home()
        workspace.wait_for(lambda w: w.state()["homes"].get(PERSON), 20, "the App Home at the next look")


def test_looks_at_the_app_home_that_wait_are_one(bot, workspace):
    workspace.inject_fault("views.publish", "slow", seconds=3)
    for _ in range(10):
        workspace.open_home()

    def taken(w) -> set[str]:
        return {one["event_id"] for one in w.deliveries("app_home_opened") if one["acknowledged_at"]}

    workspace.wait_for(lambda w: len(taken(w)) == 10, 20, "acknowledgements")
    until(lambda: not bot.metric("enhancer_queue_depth"), 20, "the end of them")
    assert len(workspace.calls("views.publish")) <= 2, "one at work, and one that shows what there is after it"
