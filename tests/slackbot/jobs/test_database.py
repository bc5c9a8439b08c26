"""What every connection to the job database is given."""

import time

from sqlalchemy import create_engine, text

from slackbot.jobs.database import set_up_connections


def test_the_clock_that_dbos_asks_for_is_there_whatever_the_sqlite(tmp_path):
    """On Python 3.12 and later, with the SQLite 3.40 of Debian 12, DBOS would find no time in it."""
    set_up_connections()
    engine = create_engine(f"sqlite:///{tmp_path}/a.sqlite")
    before = time.time()
    with engine.begin() as connection:
        connection.execute(text("create table a (b integer, c integer not null default (unixepoch('subsec') * 1000))"))
        connection.execute(text("insert into a (b) values (1)"))
        (written,) = connection.execute(text("select c from a")).one()
    engine.dispose()

    assert 1000 * before - 1 <= written <= 1000 * time.time() + 1
