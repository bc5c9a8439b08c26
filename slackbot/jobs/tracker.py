"""Which jobs wait, which run and how far each is. In memory only; the jobs themselves are in the database."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from slackbot.job import Counts, Job
from slackbot.limits import JobLimits

_USUAL = 5.0  # seconds for a job, before there are any to measure
_SHARE = 0.2  # of the newest job in the mean


@dataclass(frozen=True)
class Entry:
    """A job that is written down and not ended. `done` is from 0 to 1; `begun` is None while it waits."""

    job: Job
    priority: int
    since: float
    begun: float | None = None
    photo: int = 0  # the one being worked on, counted from 0
    photos: int = 0  # 0 until the message was read
    done: float = 0.0
    counts: Counts = field(default_factory=Counts)

    @property
    def waits(self) -> bool:
        """Whether nobody works on it yet."""
        return self.begun is None


@dataclass
class JobTracker:
    """The jobs of this process. Every method may be called from any thread."""

    limits: JobLimits
    now: Callable[[], float] = time.monotonic
    _entries: dict[str, Entry] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pace: float = _USUAL

    def add(self, job: Job) -> int:
        """Add a waiting job. Returns its priority: the lowest number runs first.

        A person's first job comes before everybody's second, and so on; among those, a channel's first before its
        second. So nobody waits long because somebody else, or another channel, asked for a lot.
        """
        with self._lock:
            known = self._entries.get(job.id)
            if known:
                return known.priority
            others = [entry.job for entry in self._entries.values()]
            mine = sum(one.user == job.user for one in others)
            here = sum(one.channel == job.channel for one in others)
            priority = 1 + 10_000 * min(mine, 9_999) + min(here, 9_999)
            self._entries[job.id] = Entry(job, priority, self.now())
            return priority

    def begin(self, job: Job) -> None:
        """The job is being worked on."""
        self.add(job)
        self._change(job.id, begun=self.now())

    def set_photo_count(self, job: str, photos: int) -> None:
        """A job has so many photos."""
        self._change(job, photos=photos)

    def set_progress(self, job: str, photo: int, done: float) -> None:
        """A job's photo number `photo`, from 0, is this far."""
        self._change(job, photo=photo, done=done)

    def set_counts(self, job: str, counts: Counts) -> None:
        """What became of a job's photos."""
        self._change(job, counts=counts)

    def end(self, job: str) -> Entry | None:
        """The job is done with, however it went. Gives back what was known of it, the first time."""
        with self._lock:
            entry = self._entries.pop(job, None)
            if entry and entry.begun is not None:
                self._pace += _SHARE * (self.now() - entry.begun - self._pace)
            return entry

    def has(self, job: str) -> bool:
        """Whether the job has not ended."""
        with self._lock:
            return job in self._entries

    def entries(self) -> list[Entry]:
        """Those at work first, then those that wait, in their order."""
        with self._lock:
            return sorted(self._entries.values(), key=lambda one: (one.waits, one.priority, one.since))

    def waiting(self) -> int:
        """How many have not begun."""
        with self._lock:
            return sum(entry.waits for entry in self._entries.values())

    @property
    def is_full(self) -> bool:
        """Whether no more jobs can be taken."""
        return self.waiting() >= self.limits.jobs_waiting

    def minutes(self, ahead: int | None = None) -> int:
        """About how long until so many jobs, or all that wait, have begun; at least one minute."""
        jobs = self.waiting() if ahead is None else ahead
        return max(1, math.ceil(jobs * self._pace / self.limits.jobs_at_once / 60))

    def _change(self, job: str, **changes: float | Counts) -> None:
        with self._lock:
            if job in self._entries:
                self._entries[job] = replace(self._entries[job], **changes)
