"""The job database when it cannot be written: known at once, waited for, and never answered for.

DBOS waits for a locked SQLite file and for a PostgreSQL that is gone, and goes on by itself. A disk that is full or
read-only is waited for in the same way: nothing is acknowledged and no step is given up meanwhile, and all goes on once
it can be written again.
"""

import contextlib
import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.pool import NullPool

from slackbot.errors import DatabaseDown

log = logging.getLogger(__name__)

# Primary result codes: www.sqlite.org/rescode.html
_PASSING = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
_LOCKED = "database is locked: "  # what DBOS looks for in an error's text
_TOLD_EVERY = 10.0  # seconds; the queue asks ten times a second
_STATEMENTS = 16  # that a connection keeps prepared
_PAGES = 250_000  # bytes of the file that a connection keeps
_CONNECTIONS = 3  # to a file, of which one can write
_SERVER_CONNECTIONS = 3  # to PostgreSQL; two more listen, and show the sign of life
# After a minute PostgreSQL frees what a frozen bot holds; milliseconds.
_IDLE_IN_TRANSACTION = "set idle_in_transaction_session_timeout = 60000"
# How soon it is noticed that PostgreSQL's machine is gone: www.postgresql.org/docs/15/libpq-connect.html
_NOTICE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
_PATIENCE = 10.0  # seconds for which a transaction waits for a PostgreSQL that restarts
_SUBSECONDS_SINCE = (3, 42)
# While a server is out of reach, some wait for it and hold all connections, and others wait for those.
_AWAY = (OperationalError, NoConnectionFree)

T = TypeVar("T")


def database_file(url: str) -> Path | None:
    """The SQLite file of a database URL, or None for another database."""
    made = make_url(url)
    return Path(made.database) if made.drivername.startswith("sqlite") and made.database else None


def short_name(url: str) -> str:
    """Eight hexadecimal digits that tell a database from others, whoever asks it."""
    made, file = make_url(url), database_file(url)
    server = URL.create("postgresql", host=made.host, port=made.port, database=made.database, query=made.query)
    return hashlib.sha256(str(file.resolve() if file else server).encode()).hexdigest()[:8]


def prepare(url: str) -> None:
    """Create the SQLite file, if it is one. With a write-ahead log, accepting a job does not wait for who reads."""
    file = database_file(url)
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("pragma journal_mode = wal")


def wait_for_disk() -> None:
    """From now on, tell DBOS that a SQLite file on a full or read-only disk is locked, which it waits for."""
    told = -_TOLD_EVERY

    def locked_for_now(context: ExceptionContext) -> OperationalError | None:
        nonlocal told
        cause = context.original_exception
        if not isinstance(cause, sqlite3.Error) or getattr(cause, "sqlite_errorcode", 0) & 0xFF not in _PASSING:
            return None
        if time.monotonic() - told > _TOLD_EVERY:
            told = time.monotonic()
            log.error("the job database cannot be written (%s); waiting until it can", cause)
        return OperationalError(context.statement, None, sqlite3.OperationalError(f"{_LOCKED}{cause}"))

    event.listen(Engine, "handle_error", locked_for_now, retval=True)


def engine_options(url: str) -> dict[str, Any]:
    """What engines of the job database are made with.

    A SQLite file has one writer. SQLite's busy-wait backs off, so waiters starve; a small pool queues fairly. Each
    connection keeps prepared statements and pages of the file. With SQLite's default sizes memory grows over thousands
    of jobs, so both are limited; the kernel caches the file anyway. The connection used last is used first.

    A connection to PostgreSQL does not outlive a restart of the server. Who finds one broken tries again, as DBOS does:
    to try each before it is used would double the transactions.
    """
    options: dict[str, Any] = {"pool_use_lifo": True, "max_overflow": 0}
    if url.startswith("sqlite"):
        return options | {"pool_size": _CONNECTIONS, "connect_args": {"cached_statements": _STATEMENTS}}
    return options | {"pool_size": _SERVER_CONNECTIONS, "connect_args": dict(_NOTICE)}


def transact(engine: Engine, work: Callable[[Connection], T]) -> T:
    """One transaction; done again for ten seconds where PostgreSQL went away in it, as when it restarts.

    Nobody knows whether a commit that broke off was done, so `work` has to bear being done twice. Raises
    SQLAlchemyError.
    """
    ends, pause = time.monotonic() + _PATIENCE, 0.1
    while True:
        try:
            with engine.begin() as connection:
                return work(connection)
        except _AWAY as error:
            if engine.dialect.name == "sqlite" or time.monotonic() + pause > ends:
                raise
            log.debug("the job database is away (%s); trying again", type(error).__name__)
        time.sleep(pause)
        pause = min(2 * pause, 1.0)


def transact_adding(engine: Engine, work: Callable[[Connection], T]) -> T:
    """`transact`, once more where another thread or bot added the same row meanwhile: `work` then finds it there."""
    try:
        return transact(engine, work)
    except IntegrityError:
        return transact(engine, work)


def locked(connection: Connection, name: str) -> None:
    """Let one bot at a time do what this transaction does, under this name. A SQLite file has one bot."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": lock_key(name)})


def lock_key(name: str) -> int:
    """The number by which PostgreSQL's advisory locks know a name: 63 bits."""
    return int.from_bytes(hashlib.sha256(f"enhancer {name}".encode()).digest()[:8]) >> 1


def is_passing(error: BaseException) -> bool:
    """Whether the database may do at the next try what it did not do now: it restarts, is full, or out of reach."""
    return isinstance(error, _AWAY)


def set_up_connections() -> None:
    """From now on, limit what each connection to a SQLite file keeps of it, and give it the clock that DBOS asks for.
    PostgreSQL ends a connection that stays idle within a transaction.

    On Python 3.12 and later DBOS asks for `unixepoch('subsec')`, which SQLite knows from 3.42 on. Debian 12 has 3.40,
    and there it would be NULL where no NULL may be.
    """

    def set_up(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute(f"pragma cache_size = -{_PAGES // 1024}")
            if sqlite3.sqlite_version_info < _SUBSECONDS_SINCE:
                connection.create_function("unixepoch", 1, _unixepoch)
        elif isinstance(connection, psycopg.Connection):
            connection.execute(_IDLE_IN_TRANSACTION)
            if not connection.autocommit:
                connection.commit()

    event.listen(Engine, "connect", set_up)


def _unixepoch(modifier: str) -> float:
    """Seconds since 1970, to the millisecond, as SQLite's own. Raises ValueError for what DBOS does not ask."""
    if modifier not in ("subsec", "subsecond"):
        raise ValueError(modifier)
    return round(time.time(), 3)


def engine_url(url: str) -> URL:
    """`DATABASE_URL` with the driver that DBOS uses, too."""
    result = make_url(url)
    return result.set(drivername="postgresql+psycopg") if result.drivername == "postgresql" else result


class Database:
    """The job database, seen from beside DBOS."""

    def __init__(self, url: str) -> None:
        options = {"timeout": 1.0} if url.startswith("sqlite") else {**_NOTICE, "connect_timeout": 2}
        self._engine = create_engine(engine_url(url), poolclass=NullPool, connect_args=options)

    def check(self) -> None:
        """Write something, into a table of the store's. Raises DatabaseDown, which says why that cannot be."""
        try:
            with self._engine.begin() as connection:
                connection.execute(text("delete from enhancer_health"))
                connection.execute(text("insert into enhancer_health values (:now)"), {"now": time.time()})
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or type(error).__name__)
            raise DatabaseDown(reason.removeprefix(_LOCKED)) from None
