"""Unfinished jobs that another version of the bot wrote down, where `queues.APPLICATION_VERSION` has changed.

Its own bots finish them for as long as one of them lives, as in a rolling update. After that nobody can: what is
recorded may not fit today's steps. So their people are told to ask again, and the jobs end.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence

from dbos import DBOS, WorkflowStatus

from slackbot.job import Job
from slackbot.jobs.liveness import Liveness
from slackbot.jobs.queue_table import QueueTable
from slackbot.jobs.records import AWAY, Records, job_of
from slackbot.jobs.recovery import Missing
from slackbot.ops import metrics

log = logging.getLogger(__name__)

_LOOK_EVERY = 5.0  # seconds


class OtherVersions:
    """A thread that looks for such jobs; of several bots, in one of them."""

    def __init__(
        self, bots: Liveness, records: Records, table: QueueTable, tell: Callable[[Job], None], seconds: float
    ) -> None:
        """`tell` sees to it that the people of a job are told, once; `seconds` is how long a version must be gone."""
        self._bots, self._records, self._table, self._tell = bots, records, table, tell
        self._missing = Missing(seconds)
        self._left: Counter[str] = Counter()

    def start(self, stop: threading.Event) -> None:
        """Begin; until `stop`."""

        def run() -> None:
            while True:
                try:
                    if self._bots.tells_of_waiting:
                        self._look()
                except AWAY as error:
                    self._missing.forget()
                    log.debug("no look at jobs of other versions for now (%s)", type(error).__name__)
                if stop.wait(_LOOK_EVERY):
                    return

        threading.Thread(target=run, name="other versions", daemon=True).start()

    def _look(self) -> None:
        jobs = self._records.of_other_versions()
        left = Counter(str(job.app_version) for job in jobs)
        for version in left.keys() - self._left.keys():
            log.warning("%d jobs of version %s are left to its own bots", left[version], version)
        self._left = left
        gone = self._missing.note({version for version in left if not self._bots.has_version(version)})
        for version in gone:
            self._end(version, [job.workflow_id for job in jobs if job.app_version == version])

    def _end(self, version: str, ids: Sequence[str]) -> None:
        """Let the people be told, then end the jobs: who is stopped in between does both again."""
        people = self._table.jobs(ids) | {job.id: job for job in map(_asked, self._records.with_input(ids)) if job}
        for job in people.values():
            self._tell(job)
        DBOS.cancel_workflows(list(ids))
        self._table.remove(ids)
        metrics.STRANDED.inc(len(ids))
        log.warning(
            "%d jobs of version %s end unfinished, since it has no bot any more; %d people are told to ask again",
            *(len(ids), version, len(people)),
        )


def _asked(workflow: WorkflowStatus) -> Job | None:
    """The job that somebody waits for; None for a click's or another errand of the bot's own."""
    job = job_of(workflow)
    return job if job and job.id == workflow.workflow_id else None
