"""Deletes jobs that ended long ago: the database stops growing, and no file name is kept longer than needed."""

from datetime import datetime

from dbos import DBOS

from slackbot.jobs.store import Store

UNFINISHED = ["ENQUEUED", "PENDING"]
_AT_ONCE = 200  # in one transaction, so that new jobs are not kept waiting


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
