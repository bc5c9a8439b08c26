"""What DBOS has under the id of a job. It waits for a database that is away, as long as that takes."""

from enum import Enum

from dbos import DBOS

from slackbot.job import Job
from slackbot.jobs.records import job_of
from slackbot.jobs.retention import UNFINISHED


class State(Enum):
    """Of an id, whether its job was taken or declined."""

    UNKNOWN = "nothing is written down under it"
    UNFINISHED = "it waits, or is at work"
    ENDED = "it has ended, however it went"


def state(job: str) -> State:
    """What became of the job of an id so far."""
    found = DBOS.list_workflows(workflow_ids=[job], load_input=False, load_output=False, limit=1)
    if not found:
        return State.UNKNOWN
    return State.UNFINISHED if found[0].status in UNFINISHED else State.ENDED


def waits(workflow: str) -> bool:
    """Whether the workflow of an id is in a queue, and nobody works on it."""
    return bool(
        DBOS.list_workflows(workflow_ids=[workflow], status="ENQUEUED", load_input=False, load_output=False, limit=1)
    )


def find(job: str) -> Job | None:
    """The job, where it was not declined."""
    found = DBOS.list_workflows(workflow_ids=[job], name="answer", load_output=False, limit=1)
    return job_of(found[0]) if found else None
