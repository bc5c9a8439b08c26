"""Whom the bot serves."""

import pytest
from slack_bolt import BoltContext

from playground.workspace import PERSON
from slackbot.slack.allow_list import AllowList, many_workspaces, one_workspace
from slackbot.slack.origin import Origin, origin_of

CHANNEL, STRANGE = "C0PHOTOS01", "1700000000.000100"


@pytest.mark.parametrize(
    ("guests", "channel", "person", "allowed"),
    [
        (AllowList(), "C", "U", True),
        (AllowList(channels=frozenset("C")), "C", "U", True),
        (AllowList(channels=frozenset("C")), "D", "U", False),
        (AllowList(channels=frozenset("C")), None, "U", True),  # as of the App Home
        (AllowList(people=frozenset("U")), "C", "U", True),
        (AllowList(people=frozenset("U")), "C", "V", False),
        (AllowList(people=frozenset("U")), "C", None, True),
        (AllowList(frozenset(), frozenset("C"), frozenset("U")), "D", "U", False),
    ],
)
def test_the_list(guests, channel, person, allowed):
    assert guests.allows_place(channel, person) is allowed


def origin(*others: str, team: str = "T1", organisation: str = "", shared: bool = False) -> Origin:
    return Origin(team, organisation, frozenset(others), shared)


@pytest.mark.parametrize(
    ("guests", "comes", "served"),
    [
        (AllowList(), origin(), True),
        (AllowList(), origin(organisation="E1"), True),
        (AllowList(), origin(team=""), True),  # Slack names none: there is one token, and so one workspace
        (AllowList(), origin(team="T2"), False),
        (AllowList(), origin("T2"), False),  # a stranger in a channel shared with another workspace
        (AllowList(frozenset({"T2"})), origin("T2"), True),
        (AllowList(frozenset({"T2"})), origin("T2", "T3"), False),
        (AllowList(frozenset({"T2"}), denied=frozenset({"T2"})), origin("T2"), False),
    ],
)
def test_whom_a_bot_of_one_workspace_serves(guests, comes, served):
    assert one_workspace("T1", guests)(comes) is served


@pytest.mark.parametrize(
    ("guests", "comes", "served"),
    [
        (AllowList(), origin(), True),
        (AllowList(), origin("T2"), True),
        (AllowList(), origin("T3"), False),  # which lacks the app
        (AllowList(denied=frozenset({"T2"})), origin("T2"), False),
        (AllowList(frozenset({"T1"})), origin("T2"), False),
        (AllowList(frozenset({"T1", "T3"})), origin("T3"), True),
        (AllowList(frozenset({"E1"})), origin(organisation="E1"), True),
        (AllowList(denied=frozenset({"E1"})), origin(organisation="E1"), False),
    ],
)
def test_whom_an_app_of_many_workspaces_serves(guests, comes, served):
    assert many_workspaces({"T1", "T2"}.__contains__, guests)(comes) is served


@pytest.mark.parametrize(
    ("ids", "event", "shared", "expected"),
    [
        ({"team_id": "T1"}, {}, False, origin()),
        ({"team_id": "T1", "actor_team_id": "T1"}, {"user_team": "T1", "team": "T1"}, False, origin()),
        ({"team_id": "T1", "enterprise_id": "E1"}, {"user_team": "E1"}, False, origin(organisation="E1")),
        ({"team_id": "T1"}, {"user_team": "T2"}, False, origin("T2")),
        ({"team_id": "T1"}, {"team": "T2"}, False, origin()),
        ({"team_id": "T1"}, {"team": "T2"}, True, origin("T2", shared=True)),
        ({"team_id": "T1", "actor_team_id": "T2"}, {"user_team": "E2"}, True, origin("T2", "E2", shared=True)),
    ],
)
def test_whose_an_event_is(ids, event, shared, expected):
    assert origin_of(BoltContext(ids), {"event": event, "is_ext_shared_channel": shared}) == expected
    assert expected.is_external is (shared or bool(expected.others))


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
def test_the_app_home_is_shown_to_guests_wherever_they_may_ask(workspace, start_bot):
    """Slack names a direct message beside it, which is none of the channels of the list."""
    bot = start_bot(ALLOWED_CHANNELS=CHANNEL, ALLOWED_PEOPLE=PERSON)
    workspace.open_home("U0GRACE001")
    workspace.open_home(PERSON)

    workspace.wait_for(lambda w: PERSON in w.state()["homes"], 30, "the App Home")
    workspace.wait_for(lambda w: all(one["acknowledged_at"] for one in w.deliveries()), 10, "all acknowledgements")
    assert set(workspace.state()["homes"]) == {PERSON}
    assert bot.metric('enhancer_refused_total{reason="guest"}') == 1


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


@pytest.mark.system
def test_a_link_to_a_public_file_is_for_members_and_not_for_guests_of_other_workspaces(workspace, start_bot, png):
    """Slack calls public what all members see; guests see the channels that they were let into."""
    start_bot(ALLOWED_TEAMS="T0PARTNER")
    guest = workspace.add_person("guest", "T0PARTNER")
    (elsewhere,) = workspace.post("#general", files=[("cat.png", png)], user="grace").files
    (here,) = workspace.post("#photos", files=[("dog.png", png)], user="grace").files

    def reply_to(file, user):
        text = f"<@{workspace.bot_user}> <{file['permalink']}>"
        return workspace.wait_for_replies(workspace.post("#photos", text, user=user))[0]

    assert [file["name"] for file in reply_to(elsewhere, PERSON).files] == ["cat_4x.png"]
    assert [file["name"] for file in reply_to(here, guest).files] == ["dog_4x.png"]
    refused = reply_to(elsewhere, guest)
    assert refused.text.endswith(": the file is no longer there, or not mine to see.")
    assert "cat" not in refused.text


@pytest.mark.system
def test_the_shortcut_brings_a_linked_file_only_where_it_is_shared_or_to_its_owner(workspace, start_bot, png):
    """Slack does not tell whether its channel is shared: a guest may have posted the link, and would see the reply."""
    start_bot()
    guest = workspace.add_person("guest", "T0PARTNER")
    (elsewhere,) = workspace.post("#general", files=[("cat.png", png)], user="grace").files
    (own,) = workspace.post("#general", files=[("owl.png", png)]).files
    shared = workspace.post("#photos", files=[("dog.png", png)], user="grace")

    def reply_to(message):
        assert workspace.shortcut(message, "enhance_photos")
        return workspace.wait_for_replies(message)[0]

    def link_to(file):
        return workspace.post("#photos", f"<{file['permalink']}>", user=guest)

    refused = reply_to(link_to(elsewhere))
    assert refused.text.endswith(": the file is no longer there, or not mine to see.")
    assert "cat" not in refused.text
    taken = [reply_to(message) for message in (link_to(own), link_to(shared.files[0]), shared)]
    assert [[file["name"] for file in reply.files] for reply in taken] == [
        ["owl_4x.png"],
        ["dog_4x.png"],
        ["dog_4x.png"],
    ]
