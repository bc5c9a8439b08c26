"""Which jobs wait and which run, of all bots (`queue_table`), and how far each is that runs here."""

import logging
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import SQLAlchemyError

from slackbot.job import Counts, Job
from slackbot.jobs.queue_table import Load, QueueTable, Waiting
from slackbot.limits import JobLimits

log = logging.getLogger(__name__)

_USUAL = 5.0  # seconds for a job, before there are any to measure
_SHARE = 0.2  # of the newest job in the mean


@dataclass(frozen=True)
class Entry:
    """A job that this bot works on. `done` is from 0 to 1; times are in seconds since 1970."""

    job: Job
    since: float
    begun: float
    photo: int = 0  # the one being worked on, counted from 0
    photos: int = 0  # 0 until the message was read
    done: float = 0.0
    counts: Counts = field(default_factory=Counts)
    quiet: bool = False  # its reply is being posted, or its status line was taken away
    first: tuple[float, float] | None = None  # when the photo was first seen to get on, and how far it was

    def minutes_left(self, now: float) -> int:
        """About how long until the photo is done, as it got on so far; 0 where nobody knows, or within a minute."""
        at, done = self.first or (now, self.done)
        seconds = (now - at) * (1 - self.done) / (self.done - done) if self.done > done else 0
        return math.ceil(seconds / 60) if seconds >= 60 else 0


@dataclass
class JobTracker:
    """The jobs. Every method may be called from any thread."""

    limits: JobLimits
    table: QueueTable
    now: Callable[[], float]
    many_teams: bool = False  # whether any number of workspaces have the app
    _entries: dict[str, Entry] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pace: float = _USUAL

    def add(self, job: Job) -> int | None:
        """Add a waiting job. Returns its priority, or None where too many wait. Raises SQLAlchemyError."""
        return self.table.add(job, self.limits.jobs_waiting, self.many_teams)

    def begin(self, job: Job) -> None:
        """The job is being worked on, here."""
        now = self.now()
        try:
            since = now if job.options.command or job.options.help else self.table.begin(job)
        except SQLAlchemyError as error:  # people are told less; the job goes on
            log.warning("job %s is not seen to begin (%s)", job.id, type(error).__name__)
            since = now
        with self._lock:
            self._entries[job.id] = Entry(job, since, now)

    def set_photo_count(self, job: str, photos: int) -> None:
        """A job has so many photos."""
        self._change(job, photos=photos)

    def set_progress(self, job: str, photo: int, done: float) -> None:
        """A job's photo number `photo`, from 0, is this far."""
        with self._lock:
            entry = self._entries.get(job)
            if entry:
                begins = entry.first is None or entry.photo != photo or done < entry.done
                first = (self.now(), done) if begins else entry.first
                self._entries[job] = replace(entry, photo=photo, done=done, first=first)

    def set_counts(self, job: str, counts: Counts) -> None:
        """What became of a job's photos."""
        self._change(job, counts=counts)

    def set_quiet(self, job: str) -> None:
        """From now on nobody is told how far the job is."""
        self._change(job, quiet=True)

    def end(self, job: str) -> Entry | None:
        """The job is done with, however it went. Gives back what was known of it, the first time."""
        with self._lock:
            entry = self._entries.pop(job, None)
            if entry:
                self._pace += _SHARE * (self.now() - entry.begun - self._pace)
        try:
            self.table.end(job)
        except SQLAlchemyError as error:  # it is removed later
            log.warning("job %s is not seen to end (%s)", job, type(error).__name__)
        return entry

    def has(self, job: str) -> bool:
        """Whether this bot works on the job."""
        with self._lock:
            return job in self._entries

    def is_to_be_told(self, job: str) -> bool:
        """Whether it waits, or this bot works on it and has not come to the reply. Raises SQLAlchemyError."""
        with self._lock:
            entry = self._entries.get(job)
        return not entry.quiet if entry else self.table.waits(job)

    def entries(self) -> list[Entry]:
        """What this bot works on."""
        with self._lock:
            return sorted(self._entries.values(), key=lambda one: one.begun)

    def load(self) -> Load:
        """How much there is to do, for all bots. Raises SQLAlchemyError."""
        return self.table.load()

    def is_idle(self) -> bool:
        """Whether no bot has anything to do. Raises SQLAlchemyError."""
        load = self.load()
        return not load.working and not load.waiting

    def waiting(self) -> list[Waiting]:
        """What nobody works on, in its order. Raises SQLAlchemyError."""
        return self.table.waiting()

    def minutes(self, load: Load, ahead: int | None = None) -> int:
        """About how long until so many jobs, or all that wait, have begun; at least one minute.

        All bots are taken to be as fast as this one.
        """
        jobs = load.waiting if ahead is None else ahead
        at_once = self.limits.jobs_at_once * max(1, load.bots)
        return max(1, math.ceil(jobs * self._pace / at_once / 60))

    def _change(self, job: str, **changes: float | Counts) -> None:
        with self._lock:
            if job in self._entries:
                self._entries[job] = replace(self._entries[job], **changes)
