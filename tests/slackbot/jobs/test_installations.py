"""Tokens in the database: encrypted, each found by its workspace or organisation, and gone with it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet
from slack_sdk import WebClient
from slack_sdk.oauth.installation_store import Installation
from sqlalchemy import text

from slackbot.jobs.installations import Installations
from slackbot.jobs.store import Store
from slackbot.slack.errors import SlackRefused

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
        found = Installations(store.engine, "1.2", "secret", keys, WebClient(base_url="http://127.0.0.1:1/"))
        store.tables += found.tables
        store.open()
        return found

    return made


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
    assert here.remove("T2", "E1", org_wide=True) == ["T2"], "T1 has its own"
    assert (here.has("T1"), here.has("T2")) == (True, False)
    assert here.remove("T1", "E1", org_wide=False) == ["T1"]
    assert here.remove("T9", "", org_wide=False) == ["T9"]
    assert not any(here.has(team, enterprise) for team, enterprise in (("T1", "E1"), ("T2", "E1"), ("T9", "")))


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
