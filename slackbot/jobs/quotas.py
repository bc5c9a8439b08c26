"""How much a workspace may have enhanced: photos in an hour, megapixels in a day. Counted for all bots together."""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Column, Connection, Engine, Float, Integer, String, Table, func, insert, select
from sqlalchemy import update as updated
from sqlalchemy.exc import IntegrityError

from slackbot.imaging.errors import PhotoError
from slackbot.jobs.database import locked, transact
from slackbot.jobs.store import METADATA
from slackbot.limits import MEGAPIXEL, JobLimits
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal

_USED = Table(
    "enhancer_used",
    METADATA,
    Column("job", String, primary_key=True),
    Column("photo", Integer, primary_key=True),
    Column("team", String, nullable=False, index=True),
    Column("at", Float, nullable=False, index=True),  # seconds since 1970
    Column("pixels", Integer, nullable=False),  # 0 until it is opened
)
_HOUR, _DAY = 3600.0, 86_400.0


class Quotas:
    """Every method may be called again for the same photo, which counts once. Raises PhotoError where there is no more,
    with the sentence for the person, and SQLAlchemyError."""

    def __init__(self, engine: Engine, limits: JobLimits, now: Callable[[], float] = time.time) -> None:
        self._engine, self._limits, self._now = engine, limits, now

    def take_photo(self, team: str, job: str, photo: int) -> None:
        """Count a photo, before it is fetched."""
        most, mine = self._limits.photos_an_hour, (_USED.c.job == job) & (_USED.c.photo == photo)

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
        """Count the pixels of a photo that is open, all frames of it."""
        most, mine = self._limits.megapixels_a_day, (_USED.c.job == job) & (_USED.c.photo == photo)

        def write(connection: Connection) -> None:
            locked(connection, f"quota of {team}")
            now = self._now()
            known = connection.execute(updated(_USED).where(mine).values(pixels=pixels)).rowcount
            if not known:
                connection.execute(insert(_USED).values(job=job, photo=photo, team=team, at=now, pixels=pixels))
            today = (_USED.c.team == team) & (_USED.c.at >= _midnight(now))
            used = connection.execute(select(func.sum(_USED.c.pixels)).where(today)).scalar_one()
            if used > most * MEGAPIXEL:
                raise PhotoError(too_many_megapixels(most, math.ceil((_midnight(now) + _DAY - now) / _HOUR)))

        if most:
            self._take(write)

    def _take(self, write: Callable[[Connection], None]) -> None:
        try:
            transact(self._engine, write)
        except IntegrityError:  # another bot counts the same photo
            transact(self._engine, write)
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
