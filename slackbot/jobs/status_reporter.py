"""Shows how far each job is: a status line, and a button to cancel. A failure here never fails a job.

Each bot tells of the jobs that it works on; one of them, of all that wait.
"""

import logging
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from slackbot.errors import BotError
from slackbot.job import Job
from slackbot.jobs.liveness import Liveness
from slackbot.jobs.queue_table import Load
from slackbot.jobs.tracker import JobTracker
from slackbot.limits import SlackLimits
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal
from slackbot.slack import blocks, messages, reactions
from slackbot.slack.decorations import Decorations
from slackbot.slack.errors import SlackRefused
from slackbot.slack.refusals import is_of_workspace
from slackbot.slack.workspaces import Workspaces

log = logging.getLogger(__name__)

_QUIET_AFTER_REFUSAL = 600.0  # seconds: a workspace without status lines is asked again now and then
_GREETED_AT_ONCE = 2  # jobs each time that get their reaction and button, however many come
# Seconds; in each workspace one status line each time, of whichever job's is oldest: Slack takes about fifty a minute,
# which the bots share that are at work.
_TICK = 1.2


@dataclass(frozen=True)
class _Line:
    """What is to be said of a job, and since when it has been known."""

    job: Job
    since: float
    waits: bool
    text: str
    minutes: int = 0  # that it takes, where that is known


class StatusReporter:
    """A thread that looks at the job tracker now and then."""

    def __init__(
        self, tracker: JobTracker, bots: Liveness, workspaces: Workspaces, decorations: Decorations, limits: SlackLimits
    ) -> None:
        self._tracker, self._bots = tracker, bots
        self._workspaces, self._decorations, self._limits = workspaces, decorations, limits
        self._told: dict[str, tuple[float, str]] = {}
        self._offered: set[str] = set()
        self._eyes: dict[str, Job] = {}  # of jobs that waited when they got them
        self._quiet_until: dict[str, float] = {}  # by workspace
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for what is being told."""
        self._stop.set()

    def _run(self) -> None:
        bots = 1
        while not self._stop.wait(_TICK * bots):
            try:
                if self._has_something_to_tell():
                    load = self._tracker.load()
                    bots = max(1, load.bots)
                    self._report(load)
            except SQLAlchemyError as error:
                log.debug("nothing is told of jobs for now (%s)", type(error).__name__)

    def _has_something_to_tell(self) -> bool:
        """Whether this bot works on anything, or tells of what waits: else the database is left in peace."""
        return bool(self._bots.tells_of_waiting or self._tracker.entries() or self._told or self._eyes)

    def _report(self, load: Load) -> None:
        lines = self._lines(load)
        known = {line.job.id for line in lines}
        self._told = {job: told for job, told in self._told.items() if job in known}
        self._offered &= known
        self._pass_on({line.job.id for line in lines if line.waits})
        late = [one for one in lines if self._tracker.now() - one.since >= self._limits.status_after]
        new = [one for one in late if one.job.id not in self._offered]
        for line in sorted(new, key=lambda one: not one.waits)[:_GREETED_AT_ONCE]:
            self._greet(line)
        told: set[str] = set()
        for line in sorted(late, key=lambda one: (self._told_at(one.job), not one.waits)):
            if line.job.team not in told and self._tell(line.job, line.text):
                told.add(line.job.team)

    def _lines(self, load: Load) -> list[_Line]:
        lines = [
            _Line(one.job, one.since, False, messages.working(one.photos, one.photo, one.done, minutes), minutes)
            for one in self._tracker.entries()
            for minutes in (one.minutes_left(self._tracker.now()),)
            if not one.quiet
        ]
        for ahead, one in enumerate(self._tracker.waiting() if self._bots.tells_of_waiting else []):
            lines.append(_Line(one.job, one.since, True, messages.queued(ahead, self._tracker.minutes(load, ahead))))
        return lines

    def _told_at(self, job: Job) -> float:
        return self._told.get(job.id, (0.0, ""))[0]

    def _pass_on(self, waiting: set[str]) -> None:
        """Whoever works on a job that waited takes its eyes away; but not if it ended before they came."""
        for job_id, job in list(self._eyes.items()):
            if job_id in waiting:
                continue
            del self._eyes[job_id]
            if self._tracker.has(job_id):
                continue
            if self._tracker.table.has(job_id):
                self._decorations.leave(job)
            else:
                self._decorations.end(job, "")

    def _greet(self, line: _Line) -> None:
        """Once for each job: the reaction, which its own first step sets unless it waits, and the button."""
        job = line.job
        self._offered.add(job.id)
        if line.waits:
            self._eyes[job.id] = job
            self._decorations.begin(job)
        if job.user and self._tracker.table.offer(job.id):
            # In a thread without replies Slack shows nobody what only one may see.
            thread = job.thread_ts if job.in_thread else None
            text = messages.slow(line.minutes)
            buttons = blocks.cancel(job.id, text)
            reactions.quietly(self._offer, job, text, buttons, thread)

    def _offer(self, job: Job, text: str, buttons: Sequence[dict[str, Any]], thread: str | None) -> None:
        slack = self._workspaces.of(job.team).slack
        slack.post_ephemeral(job.channel, job.user, text, buttons, thread)

    def _tell(self, job: Job, text: str) -> bool:
        """Show a job's line, if it is new and not too soon; whether Slack was called."""
        now = time.monotonic()
        at, last = self._told.get(job.id, (0.0, ""))
        if (
            text == last
            or now - at < self._limits.status_every
            or now < self._quiet_until.get(job.team, 0.0)
            or self._stop.is_set()
        ):
            return False
        self._told[job.id] = (now, text)
        try:
            slack = self._workspaces.of(job.team).slack
            slack.show_status(job.channel, job.thread_ts, text)
            if not self._tracker.is_to_be_told(job.id):  # its reply came meanwhile, and did not take this line away
                slack.show_status(job.channel, job.thread_ts, "")
        except SlackRefused as error:
            log.debug("Slack takes no status lines for now: %s", error.code)
            if is_of_workspace(error):
                self._quiet_until[job.team] = now + (error.retry_after or _QUIET_AFTER_REFUSAL)
            else:
                self._told[job.id] = (math.inf, text)  # nothing is told of this job any more
            metrics.refuse(Refusal.DECORATION)
        except BotError as error:
            log.debug("a status line was left out: %s", error)
        return True
