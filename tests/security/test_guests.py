"""Whom the bot serves."""

import pytest

from playground.workspace import PERSON
from slackbot.slack.allow_list import AllowList

CHANNEL, STRANGE = "C0PHOTOS01", "1700000000.000100"


@pytest.mark.parametrize(
    ("guests", "teams", "channel", "person", "welcome"),
    [
        (AllowList(frozenset("T")), {"T"}, "C", "U", True),
        (AllowList(frozenset("T")), {"X"}, "C", "U", False),
        (
            AllowList(frozenset("T")),
            {"T", "X"},
            "C",
            "U",
            False,
        ),  # a stranger in a channel shared with another workspace
        (AllowList(frozenset("TX")), {"T", "X"}, "C", "U", True),
        (AllowList(frozenset("T"), channels=frozenset("C")), {"T"}, "C", "U", True),
        (AllowList(frozenset("T"), channels=frozenset("C")), {"T"}, "D", "U", False),
        (AllowList(frozenset("T"), channels=frozenset("C")), {"T"}, None, "U", True),  # the App Home is in no channel
        (AllowList(frozenset("T"), people=frozenset("U")), {"T"}, "C", "U", True),
        (AllowList(frozenset("T"), people=frozenset("U")), {"T"}, "C", "V", False),
        (AllowList(frozenset("T"), frozenset("C"), frozenset("U")), {"T"}, "D", "U", False),
    ],
)
def test_the_list(guests, teams, channel, person, welcome):
    assert guests.allows(teams, channel, person) is welcome


@pytest.mark.parametrize(
    ("guests", "ids", "may"),
    [
        (AllowList(), {"T1"}, True),
        (AllowList(frozenset({"T1"})), {"T1", "E1"}, True),
        (AllowList(frozenset({"E1"})), {"T1", "E1"}, True),
        (AllowList(frozenset({"T2"})), {"T1", "E1"}, False),
        (AllowList(denied=frozenset({"E1"})), {"T1", "E1"}, False),
        (AllowList(frozenset({"T1"}), denied=frozenset({"E1"})), {"T1", "E1"}, False),
    ],
)
def test_who_may_install(guests, ids, may):
    assert guests.may_install(ids) is may


@pytest.mark.system
def test_only_guests_are_answered(workspace, start_bot, png):
    bot = start_bot(ALLOWED_CHANNELS=CHANNEL, ALLOWED_PEOPLE=PERSON)
    text, files = f"<@{workspace.bot_user}>", [("cat.png", png)]
    elsewhere = workspace.post("#general", text, files=files)
    somebody = workspace.post("#photos", text, files=files, user="grace")
    stranger = {"type": "app_mention", "user": PERSON, "text": text, "channel": CHANNEL, "ts": STRANGE}
    workspace.deliver({**stranger, "user_team": "T0STRANGER", "team": "T0STRANGER"})
    workspace.deliver({**stranger, "user_team": "E0STRANGER", "team": "E0STRANGER"})
    guest = workspace.post("#photos", text, files=files)
    workspace.wait_for_reaction(guest, "white_check_mark")
    workspace.wait_for(lambda w: all(one["acknowledged_at"] for one in w.deliveries()), 10, "all acknowledgements")

    assert workspace.replies(elsewhere) == []
    assert workspace.replies(somebody) == []
    assert len(workspace.replies(guest)) == 1
    assert bot.metric('enhancer_refused_total{reason="guest"}') >= 4
    assert STRANGE not in [call["args"].get("timestamp") for call in workspace.calls("reactions.add")]
