"""Slack's own stop button, which it shows while an agent is at work in a thread: docs.slack.dev/ai/agent-sessions.

The app need not be declared an agent. Slack's refusal tells that it is not, and people have the button "Cancel" then.
"""

import logging
import threading
import time
from collections import defaultdict

from slackbot.errors import BotError
from slackbot.job import Job
from slackbot.slack.errors import SlackRefused
from slackbot.slack.workspaces import Workspaces

log = logging.getLogger(__name__)

_QUIET = 3600.0  # seconds without another try, once Slack has refused


class Sessions:
    """`begin` and `end` are called from one thread, `forget` from any."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces
        self._at_work: defaultdict[tuple[str, str], set[str]] = defaultdict(set)  # jobs with a button, by thread
        self._lock = threading.Lock()
        self._quiet_until: defaultdict[str, float] = defaultdict(float)  # by workspace

    def begin(self, job: Job) -> None:
        """Show the button. A failure is no more than a missing button."""
        if self._is_quiet(job):
            return
        try:
            self._workspaces.of(job.team).slack.set_session(*_place(job), "processing")
        except BotError as error:
            self._refused(job, error)
            return
        with self._lock:
            self._at_work[_place(job)].add(job.id)

    def end(self, job: Job) -> None:
        """Take it away, once no other job is at work in the thread. Raises SlackUnavailable, for another try."""
        with self._lock:
            at_work = self._at_work.get(_place(job), set())
            others, mine = at_work - {job.id}, job.id in at_work
        # Of a job that an earlier process began nobody knows whether it has its button.
        if not others and (mine or not self._is_quiet(job)):
            try:
                self._workspaces.of(job.team).slack.set_session(*_place(job), "active")
            except SlackRefused as error:
                self._refused(job, error)
        self.forget(job)

    def forget(self, job: Job) -> None:
        """It has ended, or another bot has it and shows its end."""
        with self._lock:
            left = self._at_work[_place(job)]
            left.discard(job.id)
            if not left:
                del self._at_work[_place(job)]

    def _is_quiet(self, job: Job) -> bool:
        return time.monotonic() < self._quiet_until[job.team]

    def _refused(self, job: Job, error: BotError) -> None:
        log.debug("Slack shows no stop button: %s", error)
        if isinstance(error, SlackRefused):
            self._quiet_until[job.team] = time.monotonic() + (error.retry_after or _QUIET)


def _place(job: Job) -> tuple[str, str]:
    return job.channel, job.thread_ts
