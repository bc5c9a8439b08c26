"""What the bot remembers beside its jobs, in the same database: watched channels, stopped jobs, each day's count,
what people said of results."""

import contextlib
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Executable,
    Float,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    create_engine,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from slackbot.errors import JobCancelled
from slackbot.job import Counts
from slackbot.jobs.database import engine_options, engine_url, locked, transact, transact_adding
from slackbot.slack.feedback import Feedback

METADATA = MetaData()
_WATCHED = Table(
    "enhancer_watched", METADATA, Column("team", String, primary_key=True), Column("channel", String, primary_key=True)
)
STOPPED = Table("enhancer_stopped", METADATA, Column("job", String, primary_key=True))
_COUNTED = Table(
    "enhancer_counted",
    METADATA,
    Column("job", String, primary_key=True),
    Column("day", String, index=True, nullable=False),
    Column("enhanced", Integer, nullable=False),
    Column("bicubic", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
)
ANSWERS = Table(
    "enhancer_answers",
    METADATA,
    Column("id", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("expires", Float, index=True, nullable=False),
)
ANSWERABLE = 1800.0
"""Seconds for which Slack takes answers to a click or shortcut at the address that came with it."""
_RATED = Table(
    "enhancer_rated",
    METADATA,
    Column("job", String, primary_key=True),
    Column("person", String, primary_key=True),
    Column("good", Integer, nullable=False),
    Column("version", String, nullable=False),
    Column("photos", String, nullable=False),
)
_POSTS = Table(
    "enhancer_posts",
    METADATA,
    Column("job", String, primary_key=True),
    Column("part", String, primary_key=True),
    Column("executor", String, nullable=False),
    Column("done", Integer, nullable=False),
)
_ATTEMPTS = Table(
    "enhancer_attempts",
    METADATA,
    Column("job", String, primary_key=True),
    Column("photo", Integer, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("process", String, nullable=False),
)
FACTS = Table("enhancer_facts", METADATA, Column("name", String, primary_key=True), Column("value", String))
STOPS = "stops "
"""Begins the names of facts: which jobs a `cancel` stops, by the id of its own job."""
Table("enhancer_health", METADATA, Column("checked", Float))  # of `database.Database`


class Store:
    """Every method may be called from any thread, and raises SQLAlchemyError where the database cannot be used.

    A PostgreSQL that restarts is waited for. Each method may be called again for the same thing.
    """

    def __init__(self, url: str) -> None:
        self.engine = create_engine(engine_url(url), **engine_options(url))
        self.tables = [METADATA]

    def open(self) -> None:
        """Create what is missing: one bot at a time, where several start at once."""
        with self.engine.begin() as connection:
            locked(connection, "tables")
            for metadata in self.tables:
                metadata.create_all(connection)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def watch(self, team: str, channel: str) -> None:
        """Take every photo in this channel from now on."""
        self._add(_WATCHED, team=team, channel=channel)

    def unwatch(self, team: str, channel: str) -> None:
        """Take photos in this channel only where somebody asks."""
        mine = (_WATCHED.c.team == team) & (_WATCHED.c.channel == channel)
        transact(self.engine, lambda connection: connection.execute(delete(_WATCHED).where(mine)))

    def is_watched(self, team: str, channel: str) -> bool:
        """Whether `watch` was the last word."""
        return self._has(select(_WATCHED.c.team).where(_WATCHED.c.team == team, _WATCHED.c.channel == channel))

    def stop(self, job: str) -> bool:
        """Remember that nobody wants this job any more; whether that comes before its reply is being posted."""

        def write(connection: Connection) -> bool:
            locked(connection, f"reply of {job}")
            # First of all it is written: from here on nobody begins to post, in SQLite either.
            connection.execute(delete(STOPPED).where(STOPPED.c.job == job))
            connection.execute(insert(STOPPED).values(job=job))
            return not connection.execute(select(_POSTS.c.part).where(_POSTS.c.job == job)).first()

        return transact_adding(self.engine, write)

    def is_stopped(self, job: str) -> bool:
        """Whether `stop` was called for this job, by whichever process."""
        return self._has(select(STOPPED.c.job).where(STOPPED.c.job == job))

    def count(self, job: str, counts: Counts) -> None:
        """Add a job's photos to the day's; the same job again changes nothing."""
        self._add(_COUNTED, job=job, day=_today(), **asdict(counts))

    def begin_post(self, job: str, part: str, executor: str) -> bool:
        """Remember that a bot begins to post a part of a job's reply; whether it is the first.

        Raises JobCancelled, and remembers nothing, where `stop` came before.
        """

        def write(connection: Connection) -> None:
            locked(connection, f"reply of {job}")
            # First of all it is written: from here on nobody stops the job, in SQLite either.
            connection.execute(insert(_POSTS).values(job=job, part=part, executor=executor, done=0))
            _refuse_stopped(connection, job)

        try:
            transact(self.engine, write)
        except IntegrityError:
            return False
        return True

    def take_over_post(self, job: str, part: str, before: str, after: str) -> None:
        """Write another bot in the place of the one that began, unless somebody did already."""
        began = (_POSTS.c.job == job) & (_POSTS.c.part == part) & (_POSTS.c.executor == before)
        transact(self.engine, lambda connection: connection.execute(update(_POSTS).where(began).values(executor=after)))

    def end_post(self, job: str, part: str) -> None:
        """Remember that Slack has it."""
        mine = (_POSTS.c.job == job) & (_POSTS.c.part == part)
        transact(self.engine, lambda connection: connection.execute(update(_POSTS).where(mine).values(done=1)))

    def posts(self, job: str) -> dict[str, tuple[str, bool]]:
        """The parts of a job's reply that were begun: which bot did it, and whether Slack has it."""
        query = select(_POSTS.c.part, _POSTS.c.executor, _POSTS.c.done).where(_POSTS.c.job == job)
        return {part: (executor, bool(done)) for part, executor, done in map(tuple, self._all(query))}

    def attempts(self, job: str, photo: int) -> int:
        """How many tries at a photo of a job began and did not end: their process was killed, or is at it."""
        query = select(_ATTEMPTS.c.tries).where(_ATTEMPTS.c.job == job, _ATTEMPTS.c.photo == photo)
        return sum(int(tries) for (tries,) in map(tuple, self._all(query)))

    def begin_attempt(self, job: str, photo: int, process: str) -> None:
        """Count one more, before anything is done that the kernel may kill the process for.

        Raises JobCancelled, and counts nothing, where `stop` came before: the workspace's rows may be deleted already.
        """
        mine = (_ATTEMPTS.c.job == job) & (_ATTEMPTS.c.photo == photo)
        once_more = update(_ATTEMPTS).where(mine).values(tries=_ATTEMPTS.c.tries + 1, process=process)

        def write(connection: Connection) -> None:
            locked(connection, f"reply of {job}")
            if not connection.execute(once_more).rowcount:  # written first of all, as by `begin_post`
                connection.execute(insert(_ATTEMPTS).values(job=job, photo=photo, tries=1, process=process))
            _refuse_stopped(connection, job)

        transact_adding(self.engine, write)

    def end_attempt(self, job: str, photo: int, process: str) -> None:
        """Take it back: it ended, well or not, and the process lives."""
        self._end_attempts((_ATTEMPTS.c.process == process) & (_ATTEMPTS.c.job == job) & (_ATTEMPTS.c.photo == photo))

    def end_attempts(self, process: str) -> None:
        """Take back all that a process is at."""
        self._end_attempts(_ATTEMPTS.c.process == process)

    def _end_attempts(self, which: ColumnElement[bool]) -> None:
        ended = update(_ATTEMPTS).where(which).values(tries=_ATTEMPTS.c.tries - 1, process="")
        transact(self.engine, lambda connection: connection.execute(ended))

    def rate(self, job: str, user: str, feedback: Feedback) -> bool:
        """Write down what somebody thinks of a job's result, their last word; whether it is another than before."""
        mine = (_RATED.c.job == job) & (_RATED.c.person == user)
        said = {"good": int(feedback.good), "version": feedback.version, "photos": feedback.photos}
        change = update(_RATED).where(mine, _RATED.c.good != said["good"]).values(**said)

        def write(connection: Connection) -> bool:
            if connection.execute(change).rowcount:
                return True
            if connection.execute(select(_RATED.c.good).where(mine)).first():
                return False
            connection.execute(insert(_RATED).values(job=job, person=user, **said))
            return True

        return transact_adding(self.engine, write)

    def ratings(self) -> list[tuple[str, int, int]]:
        """(version, good, bad) of the jobs that are remembered, the newest version first."""
        good = func.sum(_RATED.c.good)
        query = select(_RATED.c.version, good, func.count() - good).group_by(_RATED.c.version)
        found = [(str(version), int(up), int(down)) for version, up, down in map(tuple, self._all(query))]
        return sorted(found, key=lambda one: (len(one[0]), one[0]), reverse=True)

    def delete_jobs(self, jobs: Sequence[str]) -> None:
        """Drop what is written down about these jobs."""

        def write(connection: Connection) -> None:
            for table in METADATA.sorted_tables:
                if "job" in table.c:
                    connection.execute(delete(table).where(table.c.job.in_(jobs)))
            connection.execute(delete(FACTS).where(FACTS.c.name.in_([f"{STOPS}{job}" for job in jobs])))

        transact(self.engine, write)

    def today(self) -> Counts:
        """All photos of the day (UTC)."""
        columns = (_COUNTED.c.enhanced, _COUNTED.c.bicubic, _COUNTED.c.refused)
        sums = (func.coalesce(func.sum(column), 0) for column in columns)
        (found,) = self._all(select(*sums).where(_COUNTED.c.day == _today()))
        return Counts(*(int(value) for value in found))

    def keep_answer_address(self, url: str) -> str:
        """Keep where a click or shortcut may be answered, for as long as it may be; the name to ask for it by."""
        name = uuid.uuid4().hex
        self._add(ANSWERS, id=name, url=url, expires=time.time() + ANSWERABLE)
        return name

    def answer_address(self, name: str) -> str:
        """The address, or an empty text where it has expired."""
        query = select(ANSWERS.c.url).where(ANSWERS.c.id == name, ANSWERS.c.expires > time.time())
        return self._text(query)

    def drop_expired_addresses(self) -> None:
        """Forget addresses at which nothing can be answered any more."""
        expired = ANSWERS.c.expires <= time.time()
        transact(self.engine, lambda connection: connection.execute(delete(ANSWERS).where(expired)))

    def set_value(self, name: str, value: str) -> None:
        """Write one fact down, in place of what stood there."""

        def write(connection: Connection) -> None:
            connection.execute(delete(FACTS).where(FACTS.c.name == name))
            connection.execute(insert(FACTS).values(name=name, value=value))

        transact_adding(self.engine, write)

    def get_value(self, name: str) -> str:
        """What `set_value` wrote, or an empty text."""
        return self._text(select(FACTS.c.value).where(FACTS.c.name == name))

    def _add(self, table: Table, **values: str | float) -> None:
        """Where it stands there already, it stays."""
        with contextlib.suppress(IntegrityError):
            transact(self.engine, lambda connection: connection.execute(insert(table).values(**values)))

    def _has(self, query: Executable) -> bool:
        return bool(self._all(query))

    def _text(self, query: Executable) -> str:
        found = self._all(query)
        return (found[0][0] or "") if found else ""

    def _all(self, query: Executable) -> Sequence[Row[Any]]:
        return transact(self.engine, lambda connection: connection.execute(query).all())


def _refuse_stopped(connection: Connection, job: str) -> None:
    """Raise JobCancelled, which takes back what the transaction wrote, where `Store.stop` came before."""
    if connection.execute(select(STOPPED.c.job).where(STOPPED.c.job == job)).first():
        raise JobCancelled


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def picture_key(team: str) -> str:
    """The fact that holds the file id of the App Home's picture; `team` is empty where there is one workspace."""
    return f"home picture {team}".rstrip()
