"""What bots cost a PostgreSQL while there is nothing to do: transactions and connections."""

import time

import psycopg
import pytest

from tests.processes import Bot, until

pytestmark = pytest.mark.system
BOTS, SECONDS = 3, 15
# Transactions a second for each bot, those included that all do in turn. DBOS makes two or three whatever its settings
# say: it lists queues, and looks into one of its own. Without a rest it was 41.
MOST = 9.0
CONNECTIONS = 5


def polled_every(postgres: str) -> float:
    with psycopg.connect(postgres) as connection:
        found = connection.execute("select polling_interval_sec from dbos.queues where name = 'photos'").fetchone()
    return float(found[0]) if found else 0.0


def statistics(postgres: str) -> tuple[int, int]:
    """Transactions so far, and connections now, of others than this one."""
    query = (
        "select xact_commit, (select count(*) from pg_stat_activity where datname = current_database() "
        "and pid <> pg_backend_pid()) from pg_stat_database where datname = current_database()"
    )
    with psycopg.connect(postgres) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return int(row[0]), int(row[1])


def test_idle_bots_leave_the_database_in_peace(workspace, model, ask, postgres, tmp_path, figures):
    def bot(number: int) -> Bot:
        folder = tmp_path / str(number)
        folder.mkdir()
        settings = {"TRITON_URL": model.address, "DATABASE_URL": postgres, "WORK_FOLDER": str(folder / "photos")}
        return Bot(folder, {**workspace.environment, **settings})

    bots = [bot(number) for number in range(BOTS)]
    try:
        for one in bots:
            one.begin()
        for one in bots:
            one.wait_until_ready()
        workspace.wait_for_connection(BOTS)
        workspace.wait_for_reaction(ask(), "white_check_mark", 60)
        until(lambda: polled_every(postgres) == BOTS * 1.0, 90, "bots at rest")
        time.sleep(3)  # the last looks at the old interval
        before, _ = statistics(postgres)
        time.sleep(SECONDS)
        after, connections = statistics(postgres)
        a_second = (after - before) / SECONDS
        figures.write(
            "test_idle_bots_leave_the_database_in_peace",
            f"{BOTS} bots: {a_second:.0f} transactions a second, {connections} connections",
        )
        assert a_second < BOTS * MOST
        assert connections <= BOTS * CONNECTIONS
        model.release.clear()
        model.behaviour = "slow"
        message = ask()
        until(lambda: polled_every(postgres) == pytest.approx(BOTS * 0.1), 30, "bots at work")
        model.release.set()
        workspace.wait_for_reaction(message, "white_check_mark", 60)
    finally:
        for one in bots:
            one.kill()
