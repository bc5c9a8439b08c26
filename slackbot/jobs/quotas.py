"""How much a workspace may have enhanced: photos in an hour, megapixels in a day. Counted for all bots together."""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Column, ColumnElement, Connection, Engine, Float, Integer, String, Table, func, insert, select
from sqlalchemy import update as updated

from slackbot.imaging.errors import PhotoError
from slackbot.jobs.database import locked, transact_adding
from slackbot.jobs.store import METADATA
from slackbot.limits import MEGAPIXEL, JobLimits
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal

_HOUR, _DAY = 3600.0, 86_400.0


def _table(name: str) -> Table:
    """A row for each photo of a job: when something of it was counted, and how many pixels."""
    return Table(
        name,
        METADATA,
        Column("job", String, primary_key=True),
        Column("photo", Integer, primary_key=True),
        Column("team", String, nullable=False, index=True),
        Column("at", Float, nullable=False, index=True),  # seconds since 1970
        Column("pixels", Integer, nullable=False),
    )


# A photo may be fetched in one day and opened in another. What is fetched has 0 pixels: nobody knows them yet.
_USED, _OPENED = _table("enhancer_used"), _table("enhancer_opened")


def _row_of(table: Table, job: str, photo: int) -> ColumnElement[bool]:
    return (table.c.job == job) & (table.c.photo == photo)


class Quotas:
    """Every method may be called again for the same photo, which counts once. Raises PhotoError where there is no more,
    with the sentence for the person, and SQLAlchemyError."""

    def __init__(self, engine: Engine, limits: JobLimits, now: Callable[[], float] = time.time) -> None:
        self._engine, self._limits, self._now = engine, limits, now

    def take_photo(self, team: str, job: str, photo: int) -> None:
        """Count a photo, before it is fetched."""
        most, mine = self._limits.photos_an_hour, _row_of(_USED, job, photo)

        def write(connection: Connection) -> None:
            locked(connection, f"quota of {team}")
            if connection.execute(select(_USED.c.job).where(mine)).first():
                return
            now = self._now()
            # First of all it is written: from here on nobody else counts, in SQLite either.
            connection.execute(insert(_USED).values(job=job, photo=photo, team=team, at=now, pixels=0))
            lately = (_USED.c.team == team) & (_USED.c.at > now - _HOUR)
            number, oldest = connection.execute(select(func.count(), func.min(_USED.c.at)).where(lately)).one()
            if number > most:
                raise PhotoError(too_many_photos(most, math.ceil((oldest + _HOUR - now) / 60)))

        if most:
            self._take(write)

    def take_pixels(self, team: str, job: str, photo: int, pixels: int) -> None:
        """Count the pixels of a photo that is open, all frames of it, for the day in which it was opened last."""
        most, mine = self._limits.megapixels_a_day, _row_of(_OPENED, job, photo)

        def write(connection: Connection) -> None:
            locked(connection, f"quota of {team}")
            now = self._now()
            known = connection.execute(updated(_OPENED).where(mine).values(at=now, pixels=pixels)).rowcount
            if not known:
                connection.execute(insert(_OPENED).values(job=job, photo=photo, team=team, at=now, pixels=pixels))
            today = (_OPENED.c.team == team) & (_OPENED.c.at >= _midnight(now))
            used = connection.execute(select(func.sum(_OPENED.c.pixels)).where(today)).scalar_one()
            if used > most * MEGAPIXEL:
                raise PhotoError(too_many_megapixels(most, math.ceil((_midnight(now) + _DAY - now) / _HOUR)))

        if most:
            self._take(write)

    def _take(self, write: Callable[[Connection], None]) -> None:
        try:
            transact_adding(self._engine, write)
        except PhotoError:
            metrics.refuse(Refusal.QUOTA)
            raise


def too_many_photos(most: int, minutes: int) -> str:
    """When a workspace has had its photos of the hour."""
    in_time = f"{minutes} minutes" if minutes > 1 else "a minute"
    photos = f"{most} photos" if most > 1 else "photo"
    return f"this workspace has had its {photos} of this hour. Please try again in {in_time}."


def too_many_megapixels(most: int, hours: int) -> str:
    """When this photo is more than what is left of a workspace's day."""
    in_time = f"{hours} hours" if hours > 1 else "an hour"
    return (
        f"it would be more than the {most} megapixels that this workspace has in a day. Please try a smaller one, or "
        f"try again in {in_time}."
    )


def _midnight(now: float) -> float:
    """When the day began, in UTC."""
    return datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
