"""What the bot remembers beside its jobs, in the same database: watched channels, stopped jobs, each day's count,
what people said of results."""

import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    Column,
    Float,
    Integer,
    MetaData,
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

from slackbot.job import Counts
from slackbot.jobs.database import engine_options, engine_url
from slackbot.slack.feedback import Feedback

_METADATA = MetaData()
_WATCHED = Table(
    "enhancer_watched", _METADATA, Column("team", String, primary_key=True), Column("channel", String, primary_key=True)
)
_STOPPED = Table("enhancer_stopped", _METADATA, Column("job", String, primary_key=True))
_COUNTED = Table(
    "enhancer_counted",
    _METADATA,
    Column("job", String, primary_key=True),
    Column("day", String, index=True, nullable=False),
    Column("enhanced", Integer, nullable=False),
    Column("bicubic", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
)
_ANSWERS = Table(
    "enhancer_answers",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("expires", Float, index=True, nullable=False),
)
ANSWERABLE = 1800.0
"""Seconds for which Slack takes answers to a click or shortcut at the address that came with it."""
_RATED = Table(
    "enhancer_rated",
    _METADATA,
    Column("job", String, primary_key=True),
    Column("person", String, primary_key=True),
    Column("good", Integer, nullable=False),
    Column("version", String, nullable=False),
    Column("photos", String, nullable=False),
)
_FACTS = Table("enhancer_facts", _METADATA, Column("name", String, primary_key=True), Column("value", String))


class Store:
    """Every method may be called from any thread, and raises SQLAlchemyError where the database cannot be used."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(engine_url(url), **engine_options(url))

    def open(self) -> None:
        """Create what is missing."""
        _METADATA.create_all(self._engine)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def watch(self, team: str, channel: str) -> None:
        """Take every photo in this channel from now on."""
        self._add(_WATCHED, team=team, channel=channel)

    def unwatch(self, team: str, channel: str) -> None:
        """Take photos in this channel only where somebody asks."""
        with self._engine.begin() as connection:
            connection.execute(delete(_WATCHED).where(_WATCHED.c.team == team, _WATCHED.c.channel == channel))

    def is_watched(self, team: str, channel: str) -> bool:
        """Whether `watch` was the last word."""
        return self._has(select(_WATCHED.c.team).where(_WATCHED.c.team == team, _WATCHED.c.channel == channel))

    def stop(self, job: str) -> None:
        """Remember that nobody wants this job any more."""
        self._add(_STOPPED, job=job)

    def is_stopped(self, job: str) -> bool:
        """Whether `stop` was called for this job, by whichever process."""
        return self._has(select(_STOPPED.c.job).where(_STOPPED.c.job == job))

    def count(self, job: str, counts: Counts) -> None:
        """Add a job's photos to the day's; the same job again changes nothing."""
        self._add(
            _COUNTED,
            job=job,
            day=_today(),
            enhanced=counts.enhanced,
            bicubic=counts.bicubic,
            refused=counts.refused,
        )

    def rate(self, job: str, user: str, feedback: Feedback) -> bool:
        """Write down what somebody thinks of a job's result, their last word; whether it is another than before."""
        mine = (_RATED.c.job == job) & (_RATED.c.person == user)
        said = {"good": int(feedback.good), "version": feedback.version, "photos": feedback.photos}
        with self._engine.begin() as connection:
            before = connection.execute(select(_RATED.c.good).where(mine)).scalar()
            if before is None:
                connection.execute(insert(_RATED).values(job=job, person=user, **said))
            else:
                connection.execute(update(_RATED).where(mine).values(**said))
        return before != said["good"]

    def ratings(self) -> list[tuple[str, int, int]]:
        """(version, good, bad) of the jobs that are remembered, the newest version first."""
        good = func.sum(_RATED.c.good)
        query = select(_RATED.c.version, good, func.count() - good).group_by(_RATED.c.version)
        with self._engine.connect() as connection:
            found = [(str(version), int(good), int(bad)) for version, good, bad in connection.execute(query)]
        return sorted(found, key=lambda one: (len(one[0]), one[0]), reverse=True)

    def delete_jobs(self, jobs: Sequence[str]) -> None:
        """Drop what is written down about these jobs."""
        with self._engine.begin() as connection:
            for table in (_STOPPED, _COUNTED, _RATED):
                connection.execute(delete(table).where(table.c.job.in_(jobs)))

    def today(self) -> Counts:
        """All photos of the day (UTC)."""
        columns = (_COUNTED.c.enhanced, _COUNTED.c.bicubic, _COUNTED.c.refused)
        with self._engine.connect() as connection:
            found = connection.execute(
                select(*(func.coalesce(func.sum(column), 0) for column in columns)).where(_COUNTED.c.day == _today())
            ).one()
        return Counts(*(int(value) for value in found))

    def keep_answer_address(self, url: str) -> str:
        """Keep where a click or shortcut may be answered, for as long as it may be; the name to ask for it by."""
        name = uuid.uuid4().hex
        self._add(_ANSWERS, id=name, url=url, expires=time.time() + ANSWERABLE)
        return name

    def answer_address(self, name: str) -> str:
        """The address, or an empty text where it has expired."""
        query = select(_ANSWERS.c.url).where(_ANSWERS.c.id == name, _ANSWERS.c.expires > time.time())
        with self._engine.connect() as connection:
            return connection.execute(query).scalar() or ""

    def drop_expired_addresses(self) -> None:
        """Forget addresses at which nothing can be answered any more."""
        with self._engine.begin() as connection:
            connection.execute(delete(_ANSWERS).where(_ANSWERS.c.expires <= time.time()))

    def set_value(self, name: str, value: str) -> None:
        """Write one fact down, in place of what stood there."""
        with self._engine.begin() as connection:
            connection.execute(delete(_FACTS).where(_FACTS.c.name == name))
            connection.execute(insert(_FACTS).values(name=name, value=value))

    def get_value(self, name: str) -> str:
        """What `note` wrote, or an empty text."""
        with self._engine.connect() as connection:
            return connection.execute(select(_FACTS.c.value).where(_FACTS.c.name == name)).scalar() or ""

    def _add(self, table: Table, **values: str | float) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(table).values(**values))
        except IntegrityError:
            return  # it stands there already

    def _has(self, query) -> bool:
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
