"""Memory for a photo of a job, and the count of how often the process was killed while it was at that one.

The kernel kills a process that takes too much memory, and its jobs begin anew: without a count, for ever. DBOS counts
how often it took a job up, but not what the job was at, and forgets that when another bot takes it over.
"""

import contextlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from slackbot.imaging.admission import Admission, admit
from slackbot.imaging.errors import GivenUp, PhotoError, TooMuchMemory
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.header import Seen
from slackbot.imaging.sandbox import look_sandboxed
from slackbot.job import Options
from slackbot.jobs.store import Store
from slackbot.limits import PhotoLimits
from slackbot.ops import memory, metrics, tracing
from slackbot.ops.budget import Budget
from slackbot.ops.metrics import Refusal


@dataclass(frozen=True)
class Granted:
    """What a photo gets, and what the first look at it brought."""

    admission: Admission
    seen: Seen


class PhotoMemory:
    """One for each process."""

    def __init__(self, budget: Budget, store: Store, limits: PhotoLimits) -> None:
        self._budget, self._store, self._limits = budget, store, limits
        self._process = uuid.uuid4().hex

    @contextlib.contextmanager
    def granted(
        self, job: str, index: int, source: Path, scale: float, options: Options, go_on: Callable[[], None]
    ) -> Iterator[Granted]:
        """What a photo of a job gets, to the end of a `with`; waits for it, while `go_on` does not raise.

        Raises a PhotoError where it cannot be done, as `look_sandboxed` and `admit` do.
        """
        kills = self._store.attempts(job, index)
        try:
            with tracing.span("decode"):
                seen = look_sandboxed(source, self._limits)
            facts = seen.header.facts.written_as(FORMATS[options.format]) if options.format else seen.header.facts
            budget = self._budget.total()
            admission = admit(seen.header, facts, scale, self._limits, budget, options.compare, kills)
        except PhotoError as error:
            metrics.refuse(_reason(error))
            raise
        # Whatever was killed once is alone the next time: then it is known which photo it was.
        with self._budget.taken(budget if kills else admission.size, go_on):
            self._store.begin_attempt(job, index, self._process)
            try:
                yield Granted(admission, seen)
            finally:
                memory.give_back()
                self._store.end_attempt(job, index, self._process)

    def take_back(self) -> None:
        """This process ends in good order: what it was at counts as never tried."""
        self._store.end_attempts(self._process)


def _reason(error: PhotoError) -> Refusal:
    if isinstance(error, TooMuchMemory):
        return Refusal.MEMORY
    return Refusal.KILLED if isinstance(error, GivenUp) else Refusal.PICTURE
