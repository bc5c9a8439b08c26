"""What DBOS has recorded of jobs, asked from beside it.

DBOS itself waits for a database that is away, as long as that takes. Whoever asks here is told at once, by one of
`AWAY`.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from dbos import DBOSClient, WorkflowStatus
from dbos import error as dbos_error
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from slackbot.job import Job
from slackbot.jobs.retention import UNFINISHED
from slackbot.jobs.serializer import JobSerializer
from slackbot.ops.metrics import UNKNOWN

AWAY = (SQLAlchemyError, dbos_error.DBOSException)
"""What is raised where the database is away or does not answer in time."""


class Records:
    """The jobs of one application in one version, whichever bot has them."""

    def __init__(self, engine: Engine, application: str, version: str) -> None:
        self._version = version
        self._client = DBOSClient(
            system_database_engine=engine,
            serializer=JobSerializer(),
            application_name=application,
            lazy=True,
            retry_connection_errors=False,
        )

    def at_work(self, executors: Collection[str] | None = None) -> list[WorkflowStatus]:
        """Those that somebody, or one of these bots, has begun and not ended."""
        return self._list("PENDING", executors)

    def enqueue(self, jobs: Collection[WorkflowStatus]) -> None:
        """Put them back into their queues: their bots work on them no more."""
        queues: dict[str | None, list[str]] = defaultdict(list)
        for job in jobs:
            queues[job.queue_name].append(job.workflow_id)
        for queue, ids in queues.items():
            self._client.resume_workflows(ids, queue_name=queue)

    def depth(self) -> float:
        """How many are written down and not ended; UNKNOWN while that cannot be asked."""
        try:
            return len(self._list(UNFINISHED))
        except AWAY:
            return UNKNOWN

    def oldest_seconds(self) -> float:
        """How long ago the oldest of them was written down, 0 where there is none; UNKNOWN as above."""
        try:
            oldest = self._list(UNFINISHED, most=1)
        except AWAY:
            return UNKNOWN
        return max(0.0, time.time() - (oldest[0].created_at or 0) / 1000) if oldest else 0.0

    def of_other_versions(self) -> list[WorkflowStatus]:
        """Those that are not ended, and that another version wrote down: no bot of this one works on them."""
        every = self._client.list_workflows(status=UNFINISHED, load_input=False, load_output=False)
        return [job for job in every if job.app_version != self._version]

    def other_versions(self) -> float:
        """How many those are; UNKNOWN as above."""
        try:
            return len(self.of_other_versions())
        except AWAY:
            return UNKNOWN

    def with_input(self, ids: Sequence[str]) -> list[WorkflowStatus]:
        """These, with what they were given."""
        return self._client.list_workflows(workflow_ids=list(ids), load_output=False)

    def _list(
        self, status: str | list[str], executors: Collection[str] | None = None, most: int | None = None
    ) -> list[WorkflowStatus]:
        return self._client.list_workflows(
            status=status,
            executor_id=None if executors is None else list(executors),
            app_version=self._version,
            limit=most,
            load_input=False,
            load_output=False,
        )


def job_of(workflow: WorkflowStatus) -> Job | None:
    """The job of a recorded workflow; None where it is an older version's, or the record is not the bot's own."""
    recorded: Any = workflow.input  # a text where it cannot be read
    job = recorded["args"][0] if isinstance(recorded, dict) and recorded.get("args") else None
    return job if isinstance(job, Job) else None
