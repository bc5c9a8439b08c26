"""The bot's own tables in a real PostgreSQL: several bots at their first start, and a server that restarts."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from slackbot.errors import DatabaseDown
from slackbot.job import Counts
from slackbot.jobs.database import Database
from slackbot.jobs.store import Store


@pytest.fixture
def store(postgres):
    store = Store(postgres)
    store.open()
    yield store
    store.close()


def test_bots_that_start_at_once_for_the_first_time_all_find_their_tables(postgres):
    stores = [Store(postgres) for _ in range(8)]
    together = threading.Barrier(len(stores))

    def begin(store: Store) -> None:
        together.wait()
        store.open()
        store.count("job", Counts(1, 0, 0))

    with ThreadPoolExecutor(len(stores)) as threads:
        assert list(threads.map(begin, stores)) == [None] * len(stores)
    assert stores[0].today() == Counts(1, 0, 0), "the same job, counted once"
    for store in stores:
        store.close()


def test_connections_that_a_restart_cut_are_made_anew(store, postgres_server):
    store.watch("T1", "C1")
    postgres_server.stop()
    postgres_server.start()

    assert store.is_watched("T1", "C1")
    store.set_value("picture", "F1")
    assert store.get_value("picture") == "F1"


def test_a_server_that_is_away_for_a_moment_is_waited_for(store, postgres, postgres_server):
    database = Database(postgres)
    database.check()
    postgres_server.stop("immediate")
    with pytest.raises(DatabaseDown):
        database.check()
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(store.watch, "T1", "C1")
        postgres_server.start()
        asked.result()

    assert store.is_watched("T1", "C1")
    database.check()
