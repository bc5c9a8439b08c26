"""Photo jobs that are written down and not ended, of all bots, as a table beside DBOS's own.

DBOS decides who works on what. From here come the order, what a person has in the queue, and what people are told.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    Float,
    Integer,
    Row,
    String,
    Table,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from slackbot.job import Job, Options
from slackbot.jobs.database import locked, transact, transact_adding
from slackbot.jobs.store import METADATA

_QUEUE = Table(
    "enhancer_queue",
    METADATA,
    Column("job", String, primary_key=True),
    *(Column(name, String, nullable=False) for name in ("team", "channel", "message_ts", "thread_ts", "person")),
    Column("variant", String, nullable=False),
    Column("turn", Integer, nullable=False),  # 0 for a person's first job, 1 for the second, and so on
    Column("priority", Integer, nullable=False),
    Column("since", Float, nullable=False),
    Column("executor", String, index=True),  # the bot that works on it; none while it waits
    Column("offered", Integer, nullable=False),  # whether the person has the button to cancel
)
_COLUMNS = _QUEUE.c
_WAITS = _COLUMNS.executor.is_(None)
_PLACES = 1_000_000  # at one turn; so a priority fits into the 32 bits that DBOS has for it
_FEW = 10  # jobs that anybody may have waiting while there is any place
_YOUNG = 60.0  # seconds for which a job may stand here before DBOS knows it


@dataclass(frozen=True)
class Waiting:
    """A job that nobody works on yet. Of `job` only ids are known. `since` is in seconds since 1970."""

    job: Job
    since: float


@dataclass(frozen=True)
class Load:
    """How many jobs are worked on, by how many bots, and how many wait."""

    working: int
    bots: int
    waiting: int


class QueueTable:
    """Every method may be called from any thread, and raises SQLAlchemyError where the database cannot be used."""

    def __init__(self, engine: Engine, executor: str, now: Callable[[], float] = time.time) -> None:
        self._engine, self._executor, self._now = engine, executor, now

    def add(self, job: Job, most: int, many_teams: bool = False) -> int | None:
        """Add a waiting job. Returns its priority: the lowest number runs first.

        None where `most` wait already, or where its person, or its workspace of many, has their share: see `_is_full`.
        """
        this = _COLUMNS.job == job.id

        def write(connection: Connection) -> int | None:
            known = connection.execute(select(_COLUMNS.priority).where(this)).scalar()
            if known is not None:
                return known
            locked(connection, f"queue of {job.team} {job.user}")
            # First of all it is written: from here on nobody else counts, in SQLite either.
            connection.execute(insert(_QUEUE).values(**_row(job), turn=0, priority=1, since=self._now()))
            counts = connection.execute(_counts(job)).one()
            if _is_full(counts, most, many_teams):
                connection.execute(delete(_QUEUE).where(this))
                return None
            turn = max(counts.mine, counts.turn)
            number = priority(turn, connection.execute(_place(job, turn)).scalar_one())
            connection.execute(update(_QUEUE).where(this).values(turn=turn, priority=number))
            return number

        return transact_adding(self._engine, write)

    def begin(self, job: Job) -> float:
        """This bot works on it; since when it has been in the queue."""
        mine = _COLUMNS.job == job.id

        def write(connection: Connection) -> float:
            since = connection.execute(select(_COLUMNS.since).where(mine)).scalar()
            if since is None:
                since = self._now()
                values = _row(job) | {"executor": self._executor}
                connection.execute(insert(_QUEUE).values(**values, turn=0, priority=1, since=since))
            else:
                connection.execute(update(_QUEUE).where(mine).values(executor=self._executor))
            return since

        return transact_adding(self._engine, write)

    def end(self, job: str) -> None:
        """It is done with, however it went; unless another bot works on it by now."""
        mine = (_COLUMNS.job == job) & (_WAITS | (_COLUMNS.executor == self._executor))
        transact(self._engine, lambda connection: connection.execute(delete(_QUEUE).where(mine)))

    def wait_again(self, executors: Collection[str]) -> None:
        """Nobody works any more on what these bots had begun."""
        begun = _COLUMNS.executor.in_(executors)
        transact(self._engine, lambda connection: connection.execute(update(_QUEUE).where(begun).values(executor=None)))

    def keep(self, unfinished: Collection[str]) -> None:
        """Remove what is not among these and no newcomer: its bot was killed before it could."""
        old = self._ids(_COLUMNS.since < self._now() - _YOUNG)
        ended = _COLUMNS.job.in_([job for job in old if job not in unfinished])
        transact(self._engine, lambda connection: connection.execute(delete(_QUEUE).where(ended)))

    def jobs(self, ids: Collection[str]) -> dict[str, Job]:
        """Those of these that stand here, by their ids; of each only ids are known."""
        return {row.job: _job(row) for row in self._all(select(_QUEUE).where(_COLUMNS.job.in_(ids)))}

    def remove(self, ids: Collection[str]) -> None:
        """These are done with, whoever worked on them."""
        transact(self._engine, lambda connection: connection.execute(delete(_QUEUE).where(_COLUMNS.job.in_(ids))))

    def offer(self, job: str) -> bool:
        """Note that the person gets the button to cancel; whether they had it not."""
        new = (_COLUMNS.job == job) & (_COLUMNS.offered == 0)

        def write(connection: Connection) -> bool:
            return connection.execute(update(_QUEUE).where(new).values(offered=1)).rowcount == 1

        return transact(self._engine, write)

    def has(self, job: str) -> bool:
        """Whether it has not ended."""
        return bool(self._all(select(_COLUMNS.job).where(_COLUMNS.job == job)))

    def waits(self, job: str) -> bool:
        """Whether nobody works on it yet."""
        return bool(self._ids(_COLUMNS.job == job, _WAITS))

    def all(self) -> set[str]:
        """The ids of all of them."""
        return set(self._ids())

    def waiting(self) -> list[Waiting]:
        """Those that nobody works on, in their order."""
        rows = self._all(select(_QUEUE).where(_WAITS).order_by(_COLUMNS.priority, _COLUMNS.since))
        return [Waiting(_job(row), row.since) for row in rows]

    def load(self) -> Load:
        """How much there is to do."""
        waiting = func.coalesce(func.sum(case((_WAITS, 1), else_=0)), 0)
        bots = func.count(func.distinct(_COLUMNS.executor))
        (row,) = self._all(
            select(func.count().label("all"), bots.label("bots"), waiting.label("waiting")).select_from(_QUEUE)
        )
        return Load(row.all - row.waiting, row.bots, row.waiting)

    def of_person(self, user: str, channel: str, thread_ts: str = "") -> list[str]:
        """What somebody asked for in a channel, or in one thread of it."""
        where = [_COLUMNS.person == user, _COLUMNS.channel == channel]
        return self._ids(*where, *([_COLUMNS.thread_ts == thread_ts] if thread_ts else []))

    def of_message(self, team: str, channel: str, message_ts: str) -> list[str]:
        """What is about this message."""
        return self._ids(_COLUMNS.team == team, _COLUMNS.channel == channel, _COLUMNS.message_ts == message_ts)

    def _ids(self, *where: ColumnElement[bool]) -> list[str]:
        return [job for (job,) in self._all(select(_COLUMNS.job).where(*where))]

    def _all(self, query: Executable) -> Sequence[Row[Any]]:
        return transact(self._engine, lambda connection: connection.execute(query).all())


def priority(turn: int, place: int) -> int:
    """Where a job comes in the queue: a person's first job before everybody's second, and so on, by `turn`.

    So nobody waits long because somebody else asked for a lot. A person's jobs keep their order: a new one has no
    earlier turn than those of the same person that still wait. At the same turn `place` decides, see `_place`, and at
    the same place who came first. Ada, Bo and Cy ask in this order, and nobody is worked on yet:

    workspace  person  turn  place  priority
    T1         Ada     0     0      1         the first of T1
    T1         Bo      0     1      2         one behind the last of T1
    T2         Cy      0     0      1         the first of T2, beside the first that waits: before Bo

    A second job of Ada's has turn 1 and place 0, so priority 1_000_001: behind all three.
    """
    return 1 + _PLACES * min(turn, 2_000) + min(place, _PLACES - 1)


def turn_of(number: int) -> int:
    """The turn of a job of this priority, up to 2,000."""
    return (number - 1) // _PLACES


def _place(job: Job, turn: int) -> Executable:
    """One behind the last of its workspace at this turn; where it has none, beside the first that waits.

    That is start-time fair queueing (Goyal, Vin and Cheng, 1996): workspaces take turns, so a small one does not wait
    behind all of a large one, and inside a workspace nobody is overtaken by somebody who came later.
    """
    place = _COLUMNS.priority - priority(turn, 0)
    first = func.coalesce(func.min(case((_WAITS, place))), 0)
    behind = func.coalesce(func.max(case((_COLUMNS.team == job.team, place))) + 1, 0)
    others = (_COLUMNS.turn == turn) & (_COLUMNS.job != job.id)
    return select(case((behind > first, behind), else_=first)).where(others)


def _counts(job: Job) -> Executable:
    """What there is beside a job: how many wait, of its person and workspace too; how many unfinished ones are the
    person's, and the last turn of those of them that wait."""

    def how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    team = _COLUMNS.team == job.team
    mine = team & (_COLUMNS.person == job.user)
    turn = func.coalesce(func.max(case((mine & _WAITS, _COLUMNS.turn))), 0)
    return select(
        how_many(_WAITS).label("waiting"),
        how_many(_WAITS & team).label("team_waiting"),
        how_many(_WAITS & mine).label("mine_waiting"),
        how_many(mine).label("mine"),
        turn.label("turn"),
    ).where(_COLUMNS.job != job.id)


def _is_full(counts: Row[Any], most: int, many_teams: bool) -> bool:
    """Whether there is no place in the queue for one more job of a person, by what `_counts` found.

    Once half of all places are taken, a person gets no more than a tenth of them, and one of many workspaces no more
    than half: so whoever asks for a lot leaves places for others.
    """
    if counts.waiting >= most:
        return True
    if 2 * counts.waiting < most:
        return False
    return counts.mine_waiting >= max(_FEW, most // 10) or (many_teams and counts.team_waiting >= max(_FEW, most // 2))


def _row(job: Job) -> dict[str, str | int | None]:
    names = {"team": job.team, "channel": job.channel, "message_ts": job.message_ts, "thread_ts": job.thread_ts}
    return names | {"job": job.id, "person": job.user, "variant": job.variant, "executor": None, "offered": 0}


def _job(row: Row[Any]) -> Job:
    place = row.team, row.channel, row.message_ts, row.thread_ts
    return Job(*place, Options(), user=row.person, variant=row.variant)
