"""Which bots are alive. Each has an id of its own (DBOS calls it executor), and shows a sign of life in the database.

PostgreSQL: a session-level advisory lock (www.postgresql.org/docs/15/explicit-locking.html#ADVISORY-LOCKS), which ends
with the connection of its holder, however that ended. SQLite takes one bot: a second one is refused.
"""

import contextlib
import fcntl
import os
import threading
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from slackbot.errors import SettingsError
from slackbot.jobs.database import database_file, engine_options, engine_url, lock_key

ONLY = "local"
"""The id of a bot that is alone with its database; DBOS takes up the jobs of this id when it starts."""
_TAKING_UP = "taking up"  # the lock of whoever takes up jobs
_EVERYBODY = "bots"  # a lock that all of them share
_OF_VERSION = "bots of version "  # a lock that those of one version share
_TELLING = "telling"  # the lock of whoever tells people of jobs that wait
_SHARE = text("select pg_advisory_lock_shared(:key)")
_TRY = text("select pg_try_advisory_lock(:key)")
_UNLOCK = text("select pg_advisory_unlock(:key)")
# A machine that went away without a word is noticed by PostgreSQL within some ten seconds rather than two hours.
_NOTICE_SILENCE = text(
    "select set_config('tcp_keepalives_idle', '4', false), set_config('tcp_keepalives_interval', '2', false), "
    "set_config('tcp_keepalives_count', '2', false)"
)
_HELD = text(
    "select classid::bigint << 32 | objid::bigint from pg_locks where locktype = 'advisory' and objsubid = 1 and "
    "granted and database = (select oid from pg_database where datname = current_database())"
)


class Liveness(Protocol):
    """The sign of life of this process, and a look at those of others."""

    executor: str
    tells_of_waiting: bool
    """Whether this one of all bots tells people of the jobs that nobody works on."""

    def begin(self) -> None:
        """Show it from now on. Raises SettingsError where another bot is alone with the database."""
        ...

    def alive(self, executors: Iterable[str]) -> set[str]:
        """Those of them that show one, whatever the machine. Raises SQLAlchemyError."""
        ...

    def has_version(self, version: str) -> bool:
        """Whether a bot that shows one runs this version. Raises SQLAlchemyError."""
        ...


def liveness_for(url: str, version: str) -> "OnlyBot | OneOfSeveral":
    """As the database allows."""
    return OnlyBot(database_file(url), version) if url.startswith("sqlite") else OneOfSeveral(url, version)


class OnlyBot:
    """The one bot of a SQLite file. It locks a file beside it, for as long as it lives."""

    executor = ONLY
    tells_of_waiting = True

    def __init__(self, database: Path | None, version: str = "") -> None:
        self._database, self._version = database, version

    def begin(self) -> None:
        if self._database is None:  # in memory
            return
        self._database.parent.mkdir(parents=True, exist_ok=True)
        # Kept open: the lock goes with it. Programs that this one starts do not inherit it.
        self._lock = os.open(f"{self._database}-lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                "Another bot is at work on the SQLite file of DATABASE_URL. Several bots need PostgreSQL."
            ) from None

    def alive(self, executors: Iterable[str]) -> set[str]:
        return {ONLY} & set(executors)

    def has_version(self, version: str) -> bool:
        return version == self._version


class OneOfSeveral:
    """One of any number of bots on a PostgreSQL. `DATABASE_URL` must not lead through a pool that shares sessions."""

    def __init__(self, url: str, version: str = "") -> None:
        self._version = version
        self.executor = uuid.uuid4().hex
        options = engine_options(url) | {"pool_size": 1}
        self.engine = create_engine(engine_url(url), isolation_level="AUTOCOMMIT", **options)
        self._connection: Connection | None = None
        self._guard = threading.RLock()  # of the connection, which several threads use
        self.tells_of_waiting = False

    def begin(self) -> None:
        self.renew()

    def renew(self) -> bool:
        """Show it again where the connection broke; whether it did not. Raises SQLAlchemyError where that cannot be."""
        with self._guard:
            if self._connection is not None:
                try:
                    if self.tells_of_waiting:
                        self._connection.execute(text("select 1"))
                    else:
                        self.tells_of_waiting = self._try(_TELLING)
                except SQLAlchemyError:
                    self._drop()
                else:
                    return True
            connection = self.engine.connect()
            self._connection = connection
            connection.execute(_NOTICE_SILENCE)
            if self._try(self.executor):
                for name in (_EVERYBODY, _OF_VERSION + self._version):
                    connection.execute(_SHARE, {"key": lock_key(name)})
            else:  # PostgreSQL still holds it for the connection that broke
                self._drop()
            return False

    def end(self) -> None:
        """Show it no more. A process that has threads which may still post just ends."""
        self._drop()
        self.engine.dispose()

    def alive(self, executors: Iterable[str]) -> set[str]:
        held = self._held()
        return {one for one in executors if lock_key(one) in held}

    def count(self) -> int:
        """How many bots are alive. Raises SQLAlchemyError."""
        return self._held().count(lock_key(_EVERYBODY))

    def has_version(self, version: str) -> bool:
        return lock_key(_OF_VERSION + version) in self._held()

    @contextlib.contextmanager
    def only_taker(self) -> Iterator[bool]:
        """Whether no other bot takes up jobs meanwhile."""
        got = self._try(_TAKING_UP)
        try:
            yield got
        finally:
            with self._guard:
                if got and self._connection is not None:
                    self._connection.execute(_UNLOCK, {"key": lock_key(_TAKING_UP)})

    def _held(self) -> list[int]:
        """The keys of all locks that somebody holds, once for each holder."""
        with self._guard:
            if self._connection is not None and not self._connection.invalidated:
                return list(self._connection.execute(_HELD).scalars())
        with self.engine.connect() as connection:
            return list(connection.execute(_HELD).scalars())

    def _try(self, name: str) -> bool:
        with self._guard:
            if self._connection is None:
                return False
            return bool(self._connection.execute(_TRY, {"key": lock_key(name)}).scalar())

    def _drop(self) -> None:
        with self._guard:
            self.tells_of_waiting = False
            if self._connection is not None:
                self._connection.invalidate()
                self._connection.close()
            self._connection = None
