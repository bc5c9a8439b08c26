"""Reactions on the messages that ask, by a thread of their own: no work waits for them, and none fails with them.

Eyes while a job is at work, and at its end what came of it; an agent's stop button comes and goes with the eyes. Calls
go out one at a time. Where Slack asks to wait, eyes are left out and results wait; a result that waited for too long is
left out as well. Slack counts calls for each workspace, so only those of the workspace that it names wait.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from slackbot.errors import BotError
from slackbot.job import Job
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal
from slackbot.slack.errors import SlackRefused, SlackUnavailable
from slackbot.slack.reactions import WORKING, quietly
from slackbot.slack.sessions import Sessions
from slackbot.slack.workspaces import Workspaces

log = logging.getLogger(__name__)

_EYES_AFTER = 1.0  # seconds; a job that has ended by then gets its result alone
_PATIENCE = 120.0  # seconds for which a result waits for Slack
_PAUSE = 2.0  # seconds before another try, where Slack does not say
_MOMENT = 1.0  # seconds that the end of a job waits for its reaction, where no other waits


@dataclass
class _Wanted:
    """The reaction that a job's message is to have. `eyes`: whether it may carry the eyes."""

    job: Job
    since: float
    mark: str = WORKING
    ended: bool = False
    eyes: bool = False
    left_out: bool = False
    done: threading.Event = field(default_factory=threading.Event)


class Decorations:
    """Its methods return at once, or nearly so, and may be called from any thread."""

    def __init__(self, workspaces: Workspaces, now: Callable[[], float] = time.monotonic) -> None:
        """`workspaces` have clients that do not wait where it is told to: that is done here."""
        self._workspaces, self._now = workspaces, now
        self._sessions = Sessions(workspaces)
        self._wanted: dict[str, _Wanted] = {}
        self._quiet_until: dict[str, float] = {}  # by workspace
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="decorations", daemon=True)

    def start(self) -> None:
        """Begin to call Slack."""
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Make the reactions that wait, for so long; then end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(seconds)

    def begin(self, job: Job) -> None:
        """A job has begun."""
        with self._changed:
            self._wanted.setdefault(job.id, _Wanted(job, self._now()))
            self._changed.notify_all()

    def end(self, job: Job, mark: str) -> None:
        """A job has ended, as `mark` says; an empty one only takes the eyes away, as a result that waits does, too."""
        with self._changed:
            before = self._wanted.get(job.id)
            if before and before.ended and not mark:
                return
            # Of a job that began in an earlier process nobody knows whether it has its eyes.
            wanted = _Wanted(job, self._now(), mark, ended=True, eyes=before.eyes if before else True)
            quiet = self._quiet()
            hurried = job.team in quiet or any(one.ended and one.job.team not in quiet for one in self._wanted.values())
            self._wanted[job.id] = wanted
            self._changed.notify_all()
        if not hurried:
            wanted.done.wait(_MOMENT)

    def leave(self, job: Job) -> None:
        """Another bot works on the job, and shows its end; unless it has ended here already."""
        with self._changed:
            before = self._wanted.get(job.id)
            if before and before.ended:
                return
            self._wanted.pop(job.id, None)
        self._sessions.forget(job)

    def clear_status(self, job: Job) -> None:
        """Remove a job's status line, as a reply would."""
        quietly(self._show_no_status, job)

    def _show_no_status(self, job: Job) -> None:
        self._workspaces.of(job.team).slack.show_status(job.channel, job.thread_ts, "")

    def _run(self) -> None:
        while wanted := self._next():
            try:
                self._show(wanted)
            except (SlackUnavailable, SlackRefused) as error:
                self._put_off(wanted, error)
            except BotError as error:
                log.debug("a reaction was left out: %s", error)
                self._forget(wanted)

    def _next(self) -> _Wanted | None:
        """What is to be shown now: waits for it. None at the end."""
        with self._changed:
            while True:
                now = self._now()
                for late in [one for one in self._wanted.values() if one.ended and now - one.since > _PATIENCE]:
                    self._leave_out(late)
                quiet = self._quiet()
                open_to = [one for one in self._wanted.values() if one.job.team not in quiet]
                ended = [one for one in open_to if one.ended]
                if self._closing and not ended:
                    return None
                begun = [
                    one
                    for one in open_to
                    if not (one.ended or one.eyes or one.left_out) and now - one.since >= _EYES_AFTER
                ]
                if ended or begun:
                    found = (ended or begun)[0]
                    found.eyes = found.eyes or not found.ended
                    return found
                self._changed.wait(0.2 if self._wanted else None)

    def _quiet(self) -> set[str]:
        """Workspaces in which nothing may be shown for now."""
        now = self._now()
        self._quiet_until = {team: until for team, until in self._quiet_until.items() if now < until}
        return set(self._quiet_until)

    def _show(self, wanted: _Wanted) -> None:
        place = wanted.job.channel, wanted.job.message_ts
        slack = self._workspaces.of(wanted.job.team).slack
        if not wanted.ended:
            slack.react(*place, WORKING)
            self._sessions.begin(wanted.job)
            return
        if wanted.mark:
            try:
                slack.react(*place, wanted.mark)
            except SlackRefused as error:
                if error.code == "ratelimited":
                    raise
                log.debug("a reaction was left out: %s", error)
            wanted.mark = ""
        if wanted.eyes:
            self._sessions.end(wanted.job)
            slack.unreact(*place, WORKING)
        self._forget(wanted)

    def _put_off(self, wanted: _Wanted, error: SlackUnavailable | SlackRefused) -> None:
        log.debug("Slack takes no reactions for now: %s", error)
        limited = isinstance(error, SlackRefused) and error.code == "ratelimited"
        with self._changed:
            if isinstance(error, SlackUnavailable) or limited:
                self._quiet_until[wanted.job.team] = self._now() + (error.retry_after or _PAUSE)
                if not wanted.ended:
                    wanted.eyes = not limited  # else they may be there
                    wanted.left_out = True
                    metrics.refuse(Refusal.DECORATION)
                return
        if wanted.ended:
            self._forget(wanted)
        else:
            wanted.eyes, wanted.left_out = False, True

    def _leave_out(self, wanted: _Wanted) -> None:
        metrics.refuse(Refusal.DECORATION)
        self._wanted.pop(wanted.job.id, None)
        wanted.done.set()

    def _forget(self, wanted: _Wanted) -> None:
        with self._changed:
            if self._wanted.get(wanted.job.id) is wanted:
                del self._wanted[wanted.job.id]
        wanted.done.set()
