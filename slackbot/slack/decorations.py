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
from enum import Enum, auto

from slackbot.errors import BotError
from slackbot.job import Job
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal
from slackbot.slack.client import Slack
from slackbot.slack.errors import SlackRefused, SlackUnavailable
from slackbot.slack.reactions import WORKING, quietly
from slackbot.slack.sessions import Sessions
from slackbot.slack.workspaces import Workspaces

log = logging.getLogger(__name__)

_EYES_AFTER = 1.0  # seconds; a job that has ended by then gets its result alone
_RESULT_EXPIRES = 120.0  # seconds for which a result waits for Slack
_RETRY_AFTER = 2.0  # seconds before another try, where Slack does not say
_END_WAITS = 1.0  # seconds that the end of a job waits for its reaction, where no other waits
_POLL = 0.2  # seconds between two looks at the clock, while there is anything to show


class _Eyes(Enum):
    DUE = auto()
    """nobody has tried to show them"""
    SHOWN = auto()
    """they are there, or on their way, or may be there"""
    LEFT_OUT = auto()
    """Slack did not take them"""


@dataclass
class _Begun:
    """A job at work, since when, and whether its message has the eyes."""

    job: Job
    since: float
    eyes: _Eyes = _Eyes.DUE


@dataclass
class _End:
    """The end of a job that Slack has not been told of, since when. `mark` is empty once Slack has been told of that.

    `has_eyes` says whether the message may have the eyes; `done` is set when nothing is left to show.
    """

    job: Job
    since: float
    mark: str
    has_eyes: bool
    done: threading.Event = field(default_factory=threading.Event)


class Decorations:
    """Its methods return at once, or nearly so, and may be called from any thread."""

    def __init__(self, workspaces: Workspaces, now: Callable[[], float] = time.monotonic) -> None:
        """`workspaces` have clients that do not wait where Slack asks to: that is done here."""
        self._workspaces, self._now = workspaces, now
        self._sessions = Sessions(workspaces)
        # By the job's id, which is in one of them at most.
        self._begun: dict[str, _Begun] = {}
        self._ends: dict[str, _End] = {}
        self._quiet_until: dict[str, float] = {}  # by workspace
        self._changed = threading.Condition()  # guards all of these
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="decorations", daemon=True)

    def start(self) -> None:
        """Begin to call Slack."""
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Show the results that wait, for so long; then end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(seconds)

    def begin(self, job: Job) -> None:
        """A job has begun."""
        with self._changed:
            if job.id not in self._ends:
                self._begun.setdefault(job.id, _Begun(job, self._now()))
                self._changed.notify_all()

    def end(self, job: Job, mark: str) -> None:
        """A job has ended, as `mark` says; an empty one only takes the eyes away, as a result that waits does, too."""
        with self._changed:
            begun, earlier = self._begun.pop(job.id, None), self._ends.get(job.id)
            if earlier and not mark:
                return
            # Of a job that began in an earlier process nobody knows whether it has its eyes.
            has_eyes = earlier.has_eyes if earlier else begun is None or begun.eyes is _Eyes.SHOWN
            quiet = self._quiet()
            waits = job.team not in quiet and all(one.job.team in quiet for one in self._ends.values())
            end = self._ends[job.id] = _End(job, self._now(), mark, has_eyes)
            self._changed.notify_all()
        if waits:
            end.done.wait(_END_WAITS)

    def leave(self, job: Job) -> None:
        """Another bot works on the job, and shows its end; unless it has ended here already."""
        with self._changed:
            if job.id in self._ends:
                return
            self._begun.pop(job.id, None)
        self._sessions.forget(job)

    def clear_status(self, job: Job) -> None:
        """Remove a job's status line, as a reply would."""
        quietly(self._show_no_status, job)

    def _show_no_status(self, job: Job) -> None:
        self._slack(job).show_status(job.channel, job.thread_ts, "")

    def _slack(self, job: Job) -> Slack:
        return self._workspaces.of(job.team).slack

    def _run(self) -> None:
        while found := self._next():
            if isinstance(found, _End):
                self._show_end(found)
            else:
                self._show_eyes(found)

    def _next(self) -> _Begun | _End | None:
        """What is to be shown now, ends first: waits for it. None when this is closed and no end can be shown."""
        with self._changed:
            while True:
                self._leave_out_expired()
                quiet = self._quiet()
                end = next((one for one in self._ends.values() if one.job.team not in quiet), None)
                if end or self._closing:
                    return end
                begun = next((one for one in self._begun.values() if self._is_due(one, quiet)), None)
                if begun:
                    begun.eyes = _Eyes.SHOWN  # before the call: a job that ends meanwhile takes them away
                    return begun
                self._changed.wait(_POLL if self._begun or self._ends else None)

    def _is_due(self, begun: _Begun, quiet: set[str]) -> bool:
        late = self._now() - begun.since >= _EYES_AFTER
        return late and begun.eyes is _Eyes.DUE and begun.job.team not in quiet

    def _leave_out_expired(self) -> None:
        """Give up results that have waited for too long."""
        now = self._now()
        for end in [one for one in self._ends.values() if now - one.since > _RESULT_EXPIRES]:
            metrics.refuse(Refusal.DECORATION)
            del self._ends[end.job.id]
            end.done.set()

    def _quiet(self) -> set[str]:
        """Workspaces in which nothing may be shown for now."""
        now = self._now()
        self._quiet_until = {team: until for team, until in self._quiet_until.items() if now < until}
        return set(self._quiet_until)

    def _show_eyes(self, begun: _Begun) -> None:
        job = begun.job
        try:
            self._slack(job).react(job.channel, job.message_ts, WORKING)
            self._sessions.begin(job)
        except BotError as error:
            log.debug("eyes were left out: %s", error)
            with self._changed:
                if isinstance(error, SlackRefused):  # else they may be there
                    begun.eyes = _Eyes.LEFT_OUT
                if self._wait_as_told(job.team, error):
                    metrics.refuse(Refusal.DECORATION)
        with self._changed:
            here = job.id in self._begun or job.id in self._ends
        if not here:  # another bot got it during these calls, and the stop button is that one's
            self._sessions.forget(job)

    def _show_end(self, end: _End) -> None:
        """Show what came of a job and take its eyes away; where Slack cannot for now, what is left of that waits."""
        job = end.job
        try:
            slack = self._slack(job)
            if end.mark:
                _show_mark(slack, job, end.mark)
                end.mark = ""
            if end.has_eyes:
                self._sessions.end(job)
                slack.unreact(job.channel, job.message_ts, WORKING)
        except BotError as error:
            log.debug("the end of a job is not shown, at least for now: %s", error)
            if self._wait_as_told(job.team, error):
                return
        with self._changed:
            if self._ends.get(job.id) is end:  # and no later one of the same job
                del self._ends[job.id]
        end.done.set()

    def _wait_as_told(self, team: str, error: BotError) -> bool:
        """Leave the workspace alone for as long as the error asks; False where it asks for no wait."""
        if not isinstance(error, SlackUnavailable | SlackRefused) or not _says_later(error):
            return False
        with self._changed:
            self._quiet_until[team] = self._now() + (error.retry_after or _RETRY_AFTER)
        return True


def _show_mark(slack: Slack, job: Job, mark: str) -> None:
    """Add the reaction. One that Slack never takes is left out; where it takes none for now, its error is raised."""
    try:
        slack.react(job.channel, job.message_ts, mark)
    except SlackRefused as error:
        if _says_later(error):
            raise
        log.debug("a reaction was left out: %s", error)


def _says_later(error: SlackUnavailable | SlackRefused) -> bool:
    """Whether the same call is worth another try later."""
    return isinstance(error, SlackUnavailable) or error.code == "ratelimited"
