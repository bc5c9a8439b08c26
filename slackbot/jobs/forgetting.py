"""A workspace that no longer has the app leaves nothing behind: no token, no job, no photo, no row that names it.

What was at work there may still write something down. So for an hour it is deleted again, each time that leftovers are
looked for; by then nothing of it can be at work any more.
"""

import logging
import shutil
import time
from pathlib import Path
from typing import Any

from dbos import DBOS
from dbos import error as dbos_error
from slack_bolt import BoltContext
from sqlalchemy import Connection, delete

from slackbot.jobs.database import transact
from slackbot.jobs.installations import Installations
from slackbot.jobs.records import job_of
from slackbot.jobs.retention import UNFINISHED
from slackbot.jobs.store import ANSWERS, FACTS, METADATA, STOPPED, STOPS, Store, picture_key
from slackbot.slack.oauth import is_bot_gone, team_of, time_of

log = logging.getLogger(__name__)

_AGAIN = 3600.0  # seconds
_AT_ONCE = 200


class Forgetting:
    """Every method may be called again for the same workspace, and raises SQLAlchemyError."""

    def __init__(self, store: Store, installations: Installations, folder: Path) -> None:
        self._store, self._installations, self._folder = store, installations, folder
        logging.getLogger("dbos").addFilter(_is_no_deleted_job)

    def hear(self, body: dict[str, Any], context: BoltContext) -> None:
        """Slack says that the app is gone from somewhere. When this returns, so is what was known of it here."""
        event, team, enterprise = body["event"], team_of(context, body), context.enterprise_id or ""
        org_wide = bool(enterprise and (context.is_enterprise_install or not team.startswith("T")))
        if event["type"] == "team_access_revoked":
            gone = self._installations.leave([str(one) for one in event.get("team_ids") or ()], enterprise)
        else:
            at = time_of(body)
            gone = self._installations.remove(team, enterprise, org_wide, at) if is_bot_gone(event) else []
        for one in gone:
            self._wipe(one)
            log.info("the app is gone from workspace %s, and what was kept of it is deleted", one)

    def sweep(self) -> None:
        """Delete once more what was written down of workspaces that are gone."""
        self._installations.drop_expired_states()
        for team, since in self._installations.gone():
            # Not by its organisation, which may still have the app in others: it is back once something is heard of it.
            back = self._installations.has(team)
            over = time.time() - since > _AGAIN
            if not back:
                self._wipe(team, marks=over)
            if back or over:
                self._installations.forget_gone(team)

    def _wipe(self, team: str, *, marks: bool = False) -> None:
        """Delete all of it; that its jobs are stopped only with `marks`: what still runs of them looks there."""
        begins = (f"{team}_", f"stranded-{team}_")
        found = DBOS.list_workflows(workflow_id_prefix=list(begins), load_output=False)
        ours = [one for one in found if one.workflow_id.startswith(begins)]  # DBOS takes _ for any letter
        at_work = [one.workflow_id for one in ours if one.status in UNFINISHED]
        for job in at_work:
            self._store.stop(job)
        DBOS.cancel_workflows(at_work)
        jobs = [job for job in map(job_of, ours) if job]
        answers = [job.answer for job in jobs if job.answer]
        transact(self._store.engine, lambda connection: _delete(connection, team, answers, marks))
        ids = [one.workflow_id for one in ours]
        for first in range(0, len(ids), _AT_ONCE):
            DBOS.delete_workflows(ids[first : first + _AT_ONCE])
        for place in self._folder.glob(f"{team}_*"):
            shutil.rmtree(place, ignore_errors=True)


def _is_no_deleted_job(record: logging.LogRecord) -> bool:
    """Whether it should be logged: DBOS tells, with a traceback, of a job that was deleted while it was at work."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, dbos_error.DBOSAwaitedWorkflowCancelledError | dbos_error.DBOSNonExistentWorkflowError)


def _delete(connection: Connection, team: str, answers: list[str], marks: bool) -> None:
    """All rows that name the workspace; that jobs of it are stopped only with `marks`."""
    for table in METADATA.sorted_tables:
        if "team" in table.c:
            connection.execute(delete(table).where(table.c.team == team))
        elif "job" in table.c and (marks or table is not STOPPED):
            connection.execute(delete(table).where(table.c.job.startswith(f"{team}_", autoescape=True)))
    connection.execute(delete(ANSWERS).where(ANSWERS.c.id.in_(answers)))
    stops = FACTS.c.name.startswith(f"{STOPS}{team}_", autoescape=True)
    connection.execute(delete(FACTS).where((FACTS.c.name == picture_key(team)) | stops))
