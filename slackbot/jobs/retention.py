"""Deletes jobs that ended long ago: the database stops growing, and no file name is kept longer than needed."""

import logging
import threading
from datetime import UTC, datetime, timedelta

from dbos import DBOS
from sqlalchemy.exc import SQLAlchemyError

from slackbot.jobs.store import Store
from slackbot.limits import JobLimits

log = logging.getLogger(__name__)

UNFINISHED = ["ENQUEUED", "PENDING"]
_AT_ONCE = 200  # in one transaction, so that new jobs are not kept waiting


def clean_regularly(store: Store, version: str, limits: JobLimits, stop: threading.Event) -> None:
    """In a thread: at once and then now and then, until `stop`, delete jobs that ended long ago."""

    def run() -> None:
        while True:
            try:
                delete_old_jobs(datetime.now(UTC) - timedelta(days=limits.remembered_days), store, version)
            except SQLAlchemyError as error:
                log.warning("old jobs are not forgotten for now (%s)", type(error).__name__)
            if stop.wait(limits.cleanup_every):
                return

    threading.Thread(target=run, name="retention", daemon=True).start()


def delete_old_jobs(before: datetime, store: Store, version: str) -> int:
    """Delete every job that ended before then, with its steps and what was noted of it; how many there were.

    What another version than this left unfinished and is older than that ends now: nobody will finish it.
    """
    old = DBOS.list_workflows(status=UNFINISHED, end_time=before.isoformat(), load_input=False, load_output=False)
    DBOS.cancel_workflows([workflow.workflow_id for workflow in old if workflow.app_version != version])
    deleted = 0
    while ended := DBOS.list_workflows(
        completed_before=before.isoformat(), limit=_AT_ONCE, load_input=False, load_output=False
    ):
        jobs = [workflow.workflow_id for workflow in ended]
        store.delete_jobs(jobs)
        DBOS.delete_workflows(jobs)
        deleted += len(jobs)
    return deleted
