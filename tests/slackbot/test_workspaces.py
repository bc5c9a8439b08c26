"""Many workspaces install the app themselves: each is answered with its own token, and leaves nothing when it goes."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from psycopg import sql

from playground.seed import CLIENT_ID, CLIENT_SECRET
from playground.testing.client import Message, PlaygroundClient
from tests.http_slack import SECRET, HttpSlack
from tests.nearest_model import NearestModel
from tests.processes import Bot, free_port, until

pytestmark = pytest.mark.system
KEY = Fernet.generate_key().decode()


class Place:
    """A bot that any workspace may install."""

    def __init__(self, workspace: PlaygroundClient, bot: Bot, url: str) -> None:
        self.workspace, self.bot, self.url = workspace, bot, url
        self.slack = HttpSlack(workspace)

    def ask(self, team: dict[str, Any], png: bytes, words: str = "", user: str = "ada") -> Message:
        files = [] if words else [("cat.png", png)]
        return self.workspace.post(team["channel"], f"<@{team['bot_user']}> {words}", files=files, user=user)

    def restart(self) -> None:
        """Anew, after the process was killed."""
        self.bot.kill()
        self.bot.start()

    def rows(self) -> str:
        """All that stands in the database, as one text."""
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as connection:
                return "\n".join(connection.iterdump())
        with psycopg.connect(self.url) as connection:
            names = connection.execute(
                "select schemaname, tablename from pg_tables where schemaname in ('public', 'dbos')"
            ).fetchall()
            queries = [sql.SQL("select t::text from {} t").format(sql.Identifier(*name)) for name in names]
            return "\n".join(
                f"{name} {row}"
                for (_, name), query in zip(names, queries, strict=True)
                for row in connection.execute(query).fetchall()
            )

    def rows_of(self, team: str) -> list[str]:
        """Those that name a workspace; that it is gone is remembered for an hour, and that its jobs are stopped."""
        found = [row for row in self.rows().splitlines() if team in row]
        return [row for row in found if "enhancer_gone" not in row and "enhancer_stopped" not in row]


@pytest.fixture
def png(encode: Callable[..., bytes], paint: Callable[..., Any]) -> bytes:
    return encode(paint(12, 8))


@pytest.fixture
def place(workspace: PlaygroundClient, model: NearestModel, tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """A running bot, with some settings more."""
    places: list[Place] = []

    def start(database: str = "", **settings: str) -> Place:
        port = free_port()
        url = database or f"sqlite:///{tmp_path}/bot.sqlite"
        workspace.set(redirect_url=f"http://127.0.0.1:{port}/slack/oauth_redirect")
        environment = {
            "SLACK_API_URL": workspace.api_url,
            "SLACK_CLIENT_ID": CLIENT_ID,
            "SLACK_CLIENT_SECRET": CLIENT_SECRET,
            "SLACK_SIGNING_SECRET": SECRET,
            "TOKEN_KEY": KEY,
            "EVENTS_PORT": str(port),
            "DATABASE_URL": url,
            "WORK_FOLDER": str(tmp_path / "photos"),
            "TRITON_URL": model.address,
        }
        bot = Bot(tmp_path, {**environment, **settings})
        bot.start()
        made = Place(workspace, bot, url)
        made.slack.open(f"http://127.0.0.1:{port}")
        places.append(made)
        return made

    yield start
    for one in places:
        one.slack.close()
        one.bot.kill()
        assert "Traceback" not in one.bot.log


def calls_of(workspace: PlaygroundClient, method: str) -> list[str | None]:
    return [call["error"] for call in workspace.calls(method)]


def test_two_workspaces_and_an_organisation(place, workspace, png):
    here = place()
    red, blue = workspace.add_team("red"), workspace.add_team("blue")
    east, west = (workspace.add_team(name, "E0COMPASS") for name in ("east", "west"))
    assert here.slack.install(red["id"], cookies=False)[0] == 400, "another browser than the one that began"
    for team in (red, blue):
        assert here.slack.install(team["id"])[0] == 200
    assert here.slack.install(east["id"], org=True)[0] == 200

    messages = [here.ask(team, png) for team in (red, blue, east, west)]
    for message, team in zip(messages, (red, blue, east, west), strict=True):
        workspace.wait_for_reaction(message, "white_check_mark", 60)
        (reply,) = workspace.replies(message)
        assert reply.data["user"] == team["bot_user"]
    tokens = re.findall(r"xoxb-[\w-]+", here.rows())
    assert tokens == [], "no token stands in the database as it is"
    assert set(calls_of(workspace, "files.completeUploadExternal")) == {None}


def test_a_workspace_without_the_app_is_not_answered(place, workspace, png):
    here = place()
    red, blue = workspace.add_team("red"), workspace.add_team("blue")
    here.slack.install(red["id"])
    nobody, somebody = here.ask(blue, png), here.ask(red, png)
    workspace.wait_for_reaction(somebody, "white_check_mark", 60)
    assert workspace.replies(nobody) == []


def test_a_workspace_that_is_not_served_cannot_install(place, workspace):
    red, blue = workspace.add_team("red"), workspace.add_team("blue")
    here = place(DENIED_TEAMS=red["id"])
    status, page = here.slack.install(red["id"])
    assert (status, "not open to your workspace" in page) == (403, True)
    assert calls_of(workspace, "auth.revoke") == [None]
    assert here.slack.install(blue["id"])[0] == 200
    assert here.rows_of(red["id"]) == []


def test_a_workspace_that_has_had_its_photos_reads_when_there_are_more(place, workspace, png):
    here = place(LIMIT_PHOTOS_AN_HOUR="1")
    red, blue = workspace.add_team("red"), workspace.add_team("blue")
    for team in (red, blue):
        here.slack.install(team["id"])
        workspace.wait_for_reaction(here.ask(team, png), "white_check_mark", 60)
    late = here.ask(red, png)
    workspace.wait_for_reaction(late, "x", 60)
    assert "this workspace has had its photo of this hour. Please try again in" in workspace.replies(late)[0].text
    assert here.bot.metric('enhancer_refused_total{reason="quota"}') == 1


def test_a_workspace_that_slack_slows_down_holds_up_no_others_reactions(place, workspace, png):
    here = place()
    red, blue = workspace.add_team("red"), workspace.add_team("blue")
    for team in (red, blue):
        here.slack.install(team["id"])
    workspace.inject_fault("reactions.add", "rate_limited", retry_after=100, team=red["id"])
    slowed = here.ask(red, png)
    workspace.wait_for_replies(slowed)
    workspace.wait_for_reaction(here.ask(blue, png), "white_check_mark", 60)
    assert not workspace.message(slowed).data.get("reactions"), "it still waits"
    assert calls_of(workspace, "reactions.add").count("rate_limited") == 1


def test_a_token_that_ends_soon_is_renewed(place, workspace, png):
    here = place()
    red = workspace.add_team("red")
    workspace.set(token_seconds=60)
    here.slack.install(red["id"])
    workspace.set(token_seconds=43_200)
    for _ in range(2):
        workspace.wait_for_reaction(here.ask(red, png), "white_check_mark", 60)
    assert calls_of(workspace, "oauth.v2.access") == [None, None], "once at the installation, once renewed"
    assert "xox" not in here.rows()


def test_a_workspace_whose_token_slack_does_not_renew_is_told_of(place, workspace, png):
    here = place()
    red = workspace.add_team("red")
    workspace.set(token_seconds=-60)
    here.slack.install(red["id"])
    workspace.inject_fault("oauth.v2.access", "error", times=None, error="invalid_refresh_token")
    message = here.ask(red, png)
    until(lambda: 0 < len(here.slack.statuses) == len(workspace.events()), 30, "all events")
    assert set(here.slack.statuses) == {200}, "Slack need not send them again"
    assert here.bot.metric('enhancer_slack_refusals_total{reason="permission"}') > 0
    assert f"workspace {red['id']} has to install the app again" in here.bot.log

    workspace.clear_faults()
    workspace.set(token_seconds=43_200)
    here.slack.install(red["id"])
    workspace.wait_for_reaction(here.ask(red, png), "white_check_mark", 60)
    assert workspace.replies(message) == []


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_who_removes_the_app_leaves_nothing(place, workspace, model, png, request, engine, tmp_path):
    here = place(request.getfixturevalue("postgres") if engine == "postgresql" else "")
    red, blue = workspace.add_team("red"), workspace.add_team("blue")
    for team in (red, blue):
        here.slack.install(team["id"])
        workspace.wait_for_reaction(here.ask(team, png), "white_check_mark", 60)
        workspace.wait_for_replies(here.ask(team, png, "watch"))
    model.release.clear()
    model.behaviour = "slow"
    here.ask(red, png)
    until(lambda: list((tmp_path / "photos").glob(f"*/{red['id']}_*/*")), 30, "a photo at work")
    assert len(here.rows_of(red["id"])) > 5

    workspace.uninstall(red["id"])
    until(lambda: not list((tmp_path / "photos").glob(f"*/{red['id']}_*")), 30, "its photos to go")
    model.release.set()
    model.behaviour = "well"
    assert all(status == 200 for status in here.slack.statuses)
    workspace.wait_for_reaction(here.ask(blue, png), "white_check_mark", 60)
    until(lambda: not here.rows_of(red["id"]), 30, "its rows to go")
    here.restart()
    assert here.rows_of(red["id"]) == []
    assert here.rows_of(blue["id"])


def test_a_late_word_of_a_removal_leaves_a_new_installation_alone(place, workspace, png):
    here = place()
    red = workspace.add_team("red")
    here.slack.install(red["id"])
    workspace.wait_for_reaction(here.ask(red, png), "white_check_mark", 60)
    until(lambda: re.search(f"job {red['id']}_.*: enhanced", here.bot.log), 30, "the job's end")
    told = workspace.uninstall(red["id"])
    until(lambda: len(here.slack.statuses) == len(workspace.events()), 30, "both events")
    assert here.rows_of(red["id"]) == []

    here.slack.install(red["id"])
    events = [event for event in workspace.events() if event["event_id"] in told]
    again = [{**event, "event_time": event["event_time"] - 60} for event in events]  # long ago, in a test's time
    assert [here.slack.deliver(event) for event in again] == [200, 200]
    workspace.wait_for_reaction(here.ask(red, png), "white_check_mark", 60)


def test_who_loses_the_app_by_its_organisation_leaves_nothing(place, workspace, model, png, tmp_path):
    here = place()
    east, west = (workspace.add_team(name, "E0COMPASS") for name in ("east", "west"))
    here.slack.install(east["id"], org=True)
    workspace.wait_for_reaction(here.ask(west, png), "white_check_mark", 60)
    known = [event["event_id"] for event in workspace.events()]
    model.release.clear()
    model.behaviour = "slow"
    here.ask(west, png)
    until(lambda: list((tmp_path / "photos").glob(f"*/{west['id']}_*/*")), 30, "a photo at work")
    before = [event for event in workspace.events() if event["event_id"] not in known]

    workspace.set_access(west["id"], given=False)
    until(lambda: not list((tmp_path / "photos").glob(f"*/{west['id']}_*")), 30, "its photos to go")
    model.release.set()
    model.behaviour = "well"
    assert {here.slack.deliver({**event, "event_id": f"{event['event_id']}LATE"}) for event in before} == {200}
    workspace.wait_for_reaction(here.ask(east, png), "white_check_mark", 60)
    assert here.rows_of(east["id"])
    until(lambda: not here.rows_of(west["id"]), 30, "its rows to go")
    here.restart()
    assert here.rows_of(west["id"]) == []

    workspace.set_access(west["id"], given=True)
    workspace.wait_for_reaction(here.ask(west, png), "white_check_mark", 60)


def test_guests_of_other_workspaces_in_a_shared_channel(place, workspace, png):
    red, blue, green, grid = (workspace.add_team(name) for name in ("red", "blue", "green", "grid"))
    here = place(DENIED_TEAMS=grid["id"])
    for team in (red, blue):
        here.slack.install(team["id"])
    colleague = workspace.add_person("Colleague", blue["id"])
    strangers = [workspace.add_person(team, team) for team in (green["id"], grid["id"], "E0ELSEWHERE")]
    unheard = [here.ask(red, png, user=stranger) for stranger in strangers]
    message = here.ask(red, png, user=colleague)
    workspace.wait_for_reaction(message, "white_check_mark", 60)
    (reply,) = workspace.replies(message)
    assert reply.data["user"] == red["bot_user"], "by the workspace whose channel it is"
    assert here.rows_of(blue["id"]) == [row for row in here.rows_of(blue["id"]) if red["id"] not in row]
    assert [workspace.replies(one) for one in unheard] == [[], [], []]
    assert here.bot.metric('enhancer_refused_total{reason="guest"}') >= 3
