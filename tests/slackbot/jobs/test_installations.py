"""Tokens in the database: encrypted, each found by its workspace or organisation, and gone with it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.fernet import Fernet
from prometheus_client import REGISTRY
from slack_sdk import WebClient
from slack_sdk.oauth.installation_store import Installation
from sqlalchemy import text

from playground.seed import CLIENT_ID, CLIENT_SECRET
from slackbot.jobs.installations import Installations
from slackbot.jobs.store import Store
from slackbot.slack.errors import SlackRefused, SlackUnavailable
from tests.http_request import request as ask
from tests.processes import until

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
NOW = time.time()
LONG = "xoxe.xoxb-1-" + "x" * 200  # as long as Slack's may be


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path) -> Iterator[Store]:
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else f"sqlite:///{tmp_path}/bot.sqlite"
    store = Store(url)
    yield store
    store.close()


@pytest.fixture
def opened(store) -> Callable[..., Installations]:
    """With these keys. Slack is not there."""

    def made(*keys: str) -> Installations:
        return tables_of(
            store, Installations(store.engine, "1.2", "secret", keys, WebClient(base_url="http://127.0.0.1:1/"))
        )

    return made


@pytest.fixture
def renewing(store, workspace) -> Callable[..., Installations]:
    """With these keys, and the playground as Slack."""

    def made(*keys: str) -> Installations:
        client = WebClient(base_url=workspace.api_url)
        return tables_of(store, Installations(store.engine, CLIENT_ID, CLIENT_SECRET, keys, client))

    return made


def tables_of(store: Store, found: Installations) -> Installations:
    store.tables += found.tables
    store.open()
    return found


def installed(workspace) -> Installation:
    """A workspace's, with a token of the playground's own that has ended, and what renews it."""
    workspace.set(token_seconds=43_200)
    team = workspace.add_team("red")["id"]
    back = {"redirect_uri": "http://127.0.0.1:1/", "state": "any", "scope": "chat:write"}
    choice = urlencode({"client_id": CLIENT_ID, "team": team, **back})
    _, headers, _ = ask(f"{workspace.base_url}/oauth/v2/authorize?{choice}")
    (code,) = parse_qs(urlsplit(headers["Location"]).query)["code"]
    client = WebClient(base_url=workspace.api_url)
    given = client.oauth_v2_access(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, code=code)
    tokens = {"bot_token": given["access_token"], "bot_refresh_token": given["refresh_token"]}
    return installation(team, bot_token_expires_in=-60, **tokens)


def refused() -> float:
    return REGISTRY.get_sample_value("enhancer_slack_refusals_total", {"reason": "permission"}) or 0.0


def installation(team: str | None, enterprise: str | None = None, **more: Any) -> Installation:
    given = {
        "bot_token": LONG,
        "bot_id": "B1",
        "bot_user_id": "U2",
        "bot_scopes": "chat:write",
        "user_id": "U1",
        **more,
    }
    return Installation(
        app_id="A1", enterprise_id=enterprise, team_id=team, is_enterprise_install=team is None, **given
    )


def test_no_token_stands_in_the_database(store, opened):
    opened(OLD).store.save(installation("T1", bot_refresh_token="xoxe-1-refresh", bot_token_expires_in=43_200))
    with store.engine.connect() as connection:
        rows = [
            str(row)
            for name in ("bots", "installations")
            for row in connection.execute(text(f"select * from slack_{name}"))
        ]
    assert len(rows) == 2
    assert not [row for row in rows if "xox" in row]
    assert opened(OLD).bot("T1").bot_token == LONG
    assert opened(NEW, OLD).bot("T1").bot_token == LONG
    with pytest.raises(SlackRefused, match="lost my key"):
        opened(NEW).bot("T1")


def test_bots_that_restart_one_after_the_other_change_the_key_in_steps(opened):
    """docs/admin.md: at each step, one that has restarted and one that has not read what both of them write."""
    teams: list[str] = []
    for before, after in (((OLD,), (OLD, NEW)), ((OLD, NEW), (NEW, OLD))):
        bots = opened(*before), opened(*after)
        for bot in bots:
            teams.append(f"T{len(teams)}")
            bot.store.save(installation(teams[-1]))
        assert {bot.bot(team).bot_token for bot in bots for team in teams} == {LONG}
    with pytest.raises(SlackRefused, match="lost my key"):
        opened(OLD).bot(teams[-1])  # so a bot that knows the old key alone must be gone by then


def test_a_renewed_token_needs_the_new_key_alone(renewing, workspace):
    ended = installed(workspace)
    renewing(OLD).store.save(ended)
    new = renewing(NEW, OLD).bot(str(ended.team_id)).bot_token
    assert renewing(NEW).bot(str(ended.team_id)).bot_token == new != ended.bot_token


def test_a_workspace_has_its_own_token_or_its_organisations(opened):
    here = opened(OLD)
    here.store.save(installation(None, "E1", bot_token="xoxb-org"))
    here.store.save(installation("T1", "E1", bot_token="xoxb-own"))
    for team in ("T1", "T2"):
        here.note(team, "E1", NOW)
    assert [here.bot(team).bot_token for team in ("T1", "T2")] == ["xoxb-own", "xoxb-org"]
    assert here.bot("T3", "E1").bot_token == "xoxb-org"
    for team, enterprise in (("T3", ""), ("T2", "E2")):
        with pytest.raises(SlackRefused, match="not installed"):
            here.bot(team, enterprise)


def test_who_loses_the_app_with_which_installation(opened):
    here = opened(OLD)
    here.store.save(installation(None, "E1"))
    here.store.save(installation("T1", "E1"))
    here.store.save(installation("T9"))
    for team in ("T1", "T2"):
        here.note(team, "E1", NOW)
    now = time.time()
    assert here.remove("T2", "E1", org_wide=True, at=now) == ["T2"], "T1 has its own"
    assert (here.has("T1"), here.has("T2")) == (True, False)
    assert here.remove("T1", "E1", org_wide=False, at=now) == ["T1"]
    assert here.remove("T9", "", org_wide=False, at=now) == ["T9"]
    assert not any(here.has(team, enterprise) for team, enterprise in (("T1", "E1"), ("T2", "E1"), ("T9", "")))


def test_a_removal_from_before_an_installation_is_over(opened):
    here = opened(OLD)
    here.store.save(installation(None, "E1"))
    here.store.save(installation("T1", "E1"))
    here.store.save(installation("T9"))
    for team, enterprise, org_wide in (("T1", "E1", False), ("T2", "E1", True), ("T9", "", False)):
        assert here.remove(team, enterprise, org_wide, NOW - 60) == []
        assert here.has(team, enterprise)
        # Slack names the second alone, and somebody is quick.
        assert here.remove(team, enterprise, org_wide, int(time.time())) == ([team] if team != "T1" else [])
    assert not here.has("T9")


def test_a_workspace_whose_tokens_cannot_be_read_is_removed_all_the_same(opened):
    opened(OLD).store.save(installation("T9"))
    here = opened(NEW)
    assert here.remove("T9", "", org_wide=False, at=time.time()) == ["T9"]
    assert not here.has("T9")


def test_a_workspace_that_comes_back_to_its_organisation_is_known_to_every_bot(opened):
    one, other = opened(OLD), opened(OLD)
    one.store.save(installation(None, "E1"))
    assert one.note("T1", "E1", NOW)
    assert other.note("T1", "E1", NOW)
    assert one.leave(["T1"], "E1") == ["T1"]
    assert [team for team, _ in other.gone()] == ["T1"]
    assert not other.note("T1", "E1", NOW - 60), "that was before"
    assert not other.has("T1"), "though its organisation has the app"
    assert other.note("T1", "E1", time.time() + 1)
    assert other.has("T1")
    assert other.bot("T1").bot_token == LONG


def test_guests_come_from_organisations_too(opened):
    here = opened(OLD)
    here.store.save(installation(None, "E1"))
    here.store.save(installation("T2", "E2"))
    assert (here.has("E1"), here.has("E2")) == (True, False)


def test_a_token_that_slack_does_not_renew_wants_a_new_installation(renewing):
    here, before = renewing(OLD), refused()
    here.store.save(installation("T1", bot_refresh_token="xoxe-1-spent", bot_token_expires_in=60))
    assert here.bot("T1").bot_token == LONG, "it still works"
    assert refused() == before + 1, "who runs the bot knows already"

    here.store.save(installation("T1", bot_refresh_token="xoxe-1-spent", bot_token_expires_in=-60))
    with pytest.raises(SlackRefused, match="reinstall the app"):
        here.bot("T1")
    assert refused() == before + 2

    here.store.save(installation("T1", bot_token="xoxb-new"))
    assert here.bot("T1").bot_token == "xoxb-new"


def test_a_token_that_slack_does_not_renew_now_is_worth_another_try(renewing, workspace):
    here, ended = renewing(OLD), installed(workspace)
    here.store.save(ended)
    workspace.inject_fault("oauth.v2.access", "server_error")
    with pytest.raises(SlackUnavailable):
        here.bot(str(ended.team_id))
    assert here.bot(str(ended.team_id)).bot_token != ended.bot_token


def test_bots_that_renew_a_token_at_once_go_on_with_one(renewing, workspace):
    """On PostgreSQL one waits for the other; on SQLite, as where that wait is cut off, the late one is refused."""
    one, other, ended = renewing(OLD), renewing(OLD), installed(workspace)
    team = str(ended.team_id)
    one.store.save(ended)
    asked = len(workspace.calls("oauth.v2.access"))
    workspace.inject_fault("oauth.v2.access", "slow", seconds=3)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(one.bot, team)
        until(lambda: len(workspace.calls("oauth.v2.access")) > asked, 20, "the first to ask")
        new = other.bot(team).bot_token
        assert late.result().bot_token == new
    assert new != ended.bot_token
