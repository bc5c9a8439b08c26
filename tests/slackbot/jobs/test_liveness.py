"""Signs of life of several bots on a real PostgreSQL, and what they mean for a reply that two of them would post."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from slackbot.errors import SettingsError
from slackbot.jobs.liveness import OneOfSeveral, OnlyBot
from slackbot.jobs.posts import Begun, Posts
from slackbot.jobs.recovery import Missing
from slackbot.jobs.store import Store
from tests.processes import until


@pytest.fixture
def bots(postgres):
    """Two living bots."""
    bots = [OneOfSeveral(postgres) for _ in range(2)]
    for bot in bots:
        bot.begin()
    yield bots
    for bot in bots:
        bot.end()


@pytest.fixture
def posts(postgres, bots):
    """The replies as each of the bots sees them."""
    stores = [Store(postgres) for _ in bots]
    for store in stores:
        store.open()
    yield [Posts(store, bot) for store, bot in zip(stores, bots, strict=True)]
    for store in stores:
        store.close()


def cut(postgres: str) -> None:
    """End every connection but this one, as a network does."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )


def test_a_bot_lives_as_long_as_its_connection_or_the_next_one(bots, postgres):
    one, other = bots
    everybody = [one.executor, other.executor, "somebody else"]
    assert one.renew(), "nothing happened since"
    assert one.alive(everybody) == {one.executor, other.executor}
    assert one.count() == 2

    cut(postgres)
    assert not one.renew()
    assert one.alive(everybody) == {one.executor}
    assert one.count() == 1
    assert not other.renew()
    assert one.alive(everybody) == {one.executor, other.executor}
    assert one.renew()


def test_one_bot_tells_of_jobs_that_wait_and_another_when_it_is_gone(bots):
    one, other = bots
    one.renew()
    other.renew()
    assert (one.tells_of_waiting, other.tells_of_waiting) == (True, False)
    one.end()
    # PostgreSQL notices a moment later.
    until(lambda: other.renew() and other.tells_of_waiting, 30, "the other one to tell")
    assert not one.tells_of_waiting


def test_one_bot_at_a_time_takes_up_jobs(bots):
    one, other = bots
    with one.only_taker() as first, other.only_taker() as second:
        assert (first, second) == (True, False)
    with other.only_taker() as second:
        assert second


def test_a_reply_is_begun_once_whoever_asks(posts):
    one, other = posts
    assert one.begin("job", "files") is Begun.NOW
    assert not other.is_answered("job")
    assert one.begin("job", "files") is Begun.BEFORE
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(other.begin, "job", "files")
        with pytest.raises(TimeoutError):
            waiting.result(timeout=1)
        one.end("job", "files")
        assert waiting.result() is Begun.DONE
    assert other.is_answered("job")


def test_a_reply_that_a_dead_bot_began_is_another_bots(posts, bots):
    one, other = posts
    assert one.begin("job", "files") is Begun.NOW
    bots[0].end()

    assert other.begin("job", "files") is Begun.BEFORE
    assert other.begin("job", "files") is Begun.BEFORE, "its own by now"


def test_a_bot_is_dead_once_it_was_missing_for_long_enough():
    now = [0.0]
    missing = Missing(6.0, lambda: now[0])
    assert missing.note({"a"}) == set()
    now[0] = 5.0
    assert missing.note({"a", "b"}) == set()
    now[0] = 6.0
    assert missing.note({"a", "b"}) == {"a"}
    assert missing.note({"b"}) == set()
    now[0] = 11.0
    assert missing.note({"a", "b"}) == {"b"}, "a was there in between"
    missing.forget()
    assert missing.note({"a", "b"}) == set()


def test_a_sqlite_file_takes_one_bot(tmp_path):
    file = tmp_path / "folder" / "bot.sqlite"
    bot = OnlyBot(file)
    bot.begin()
    with pytest.raises(SettingsError, match=r"Several bots need PostgreSQL\."):
        OnlyBot(file).begin()
    assert bot.alive(["local", "other"]) == {"local"}
    OnlyBot(tmp_path / "other.sqlite").begin()
