"""Memory for a photo of a job, and the count of how often the process was killed while it was at that one.

The kernel kills a process that takes too much memory, and its jobs begin anew: without a count, for ever. DBOS counts
how often it took a job up, but not what the job was at, and forgets that when another bot takes it over.
"""

import contextlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from slackbot.imaging.admission import ALL, Admission, admit
from slackbot.imaging.errors import GivenUp, PhotoError, TooMuchMemory
from slackbot.imaging.first_look import first_look
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.header import Seen
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

        Raises a PhotoError where it cannot be done, as `first_look` and `admit` do.
        """
        kills = self._store.attempts(job, index)

        def at_work(size: int) -> contextlib.AbstractContextManager[None]:
            # Whatever was killed once is alone the next time: then it is known which photo it was.
            return self._at_work(job, index, self._budget.total() if kills else size, go_on)

        try:
            if kills >= ALL:  # perhaps each time at the first look
                raise GivenUp
            with tracing.span("decode"):
                seen, least = first_look(source, self._limits, self._budget.total, at_work)
            facts = seen.header.facts.written_as(FORMATS[options.format]) if options.format else seen.header.facts
            budget = self._budget.total()
            admission = admit(seen.header, facts, scale, self._limits, budget, options.compare, kills)
        except PhotoError as error:
            metrics.refuse(_reason(error))
            raise
        with at_work(max(admission.size, least)):
            yield Granted(admission, seen)

    @contextlib.contextmanager
    def _at_work(self, job: str, index: int, size: int, go_on: Callable[[], None]) -> Iterator[None]:
        """So many bytes for a photo, and a try at it that is written down, to the end of a `with`.

        None is written down of who waits: another photo may kill the process meanwhile.
        """
        with self._budget.taken(size, go_on):
            self._store.begin_attempt(job, index, self._process)
            try:
                yield
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
