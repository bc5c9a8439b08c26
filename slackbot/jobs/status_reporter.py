"""Shows how far each job is: a status line, and a button to cancel. A failure here never fails a job."""

import logging
import threading
import time

from slackbot.errors import BotError
from slackbot.jobs.tracker import Entry, JobTracker
from slackbot.limits import SlackLimits
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal
from slackbot.slack import blocks, messages, reactions
from slackbot.slack.client import Slack
from slackbot.slack.decorations import Decorations
from slackbot.slack.errors import SlackRefused

log = logging.getLogger(__name__)

_QUIET_AFTER_REFUSAL = 600.0  # seconds: a workspace without status lines is asked again now and then
_GREETED_AT_ONCE = 2  # jobs each time that get their reaction and button, however many come
_TICK = 1.2  # seconds; one status line each time, of whichever job's is oldest: Slack takes about fifty a minute


class StatusReporter:
    """A thread that looks at the job tracker now and then."""

    def __init__(self, tracker: JobTracker, slack: Slack, decorations: Decorations, limits: SlackLimits) -> None:
        self._tracker, self._slack, self._decorations, self._limits = tracker, slack, decorations, limits
        self._told: dict[str, tuple[float, str]] = {}
        self._offered: set[str] = set()
        self._quiet_until = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for what is being told."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(_TICK):
            entries = self._tracker.entries()
            known = {entry.job.id for entry in entries}
            self._told = {job: told for job, told in self._told.items() if job in known}
            self._offered &= known
            late = [one for one in entries if self._is_late(one)]
            new = [one for one in late if one.job.id not in self._offered]
            for entry in sorted(new, key=lambda one: not one.waits)[:_GREETED_AT_ONCE]:
                self._greet(entry)
            waiting = [entry.job.id for entry in entries if entry.waits]
            for entry in sorted(late, key=lambda one: (self._told_at(one), not one.waits)):
                ahead = waiting.index(entry.job.id) if entry.waits else 0
                if self._tell(entry, _line(entry, ahead, self._tracker)):
                    break

    def _told_at(self, entry: Entry) -> float:
        return self._told.get(entry.job.id, (0.0, ""))[0]

    def _is_late(self, entry: Entry) -> bool:
        return time.monotonic() - entry.since >= self._limits.status_after

    def _greet(self, entry: Entry) -> None:
        """Once for each job: the reaction, which its own first step sets unless it waits, and the button."""
        job = entry.job
        self._offered.add(job.id)
        if entry.waits:
            self._decorations.begin(job)
            if not self._tracker.has(job.id):  # it ended meanwhile
                self._decorations.end(job, "")
        if job.user:
            # In a thread without replies Slack shows nobody what only one may see.
            thread = job.thread_ts if job.in_thread else None
            buttons = blocks.cancel(job.id)
            reactions.quietly(self._slack.post_ephemeral, job.channel, job.user, messages.SLOW, buttons, thread)

    def _tell(self, entry: Entry, text: str) -> bool:
        """Show a job's line, if it is new and not too soon; whether Slack was called."""
        now, job = time.monotonic(), entry.job
        at, last = self._told.get(job.id, (0.0, ""))
        if text == last or now - at < self._limits.status_every or now < self._quiet_until or self._stop.is_set():
            return False
        self._told[job.id] = (now, text)
        try:
            self._slack.show_status(job.channel, job.thread_ts, text)
            if not self._tracker.has(job.id):  # it ended meanwhile, and its reply did not take this line away
                self._slack.show_status(job.channel, job.thread_ts, "")
        except SlackRefused as error:
            log.debug("Slack takes no status lines for now: %s", error.code)
            self._quiet_until = now + (error.retry_after or _QUIET_AFTER_REFUSAL)
            metrics.refuse(Refusal.DECORATION)
        except BotError as error:
            log.debug("a status line was left out: %s", error)
        return True


def _line(entry: Entry, ahead: int, tracker: JobTracker) -> str:
    if entry.waits:
        return messages.queued(ahead, tracker.minutes(ahead))
    return messages.working(entry.photos, entry.photo, entry.done)
