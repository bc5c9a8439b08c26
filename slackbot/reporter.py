"""Tells those who wait how far their jobs are: a status line, and a button to cancel. Never worth failing a job for."""

import logging
import threading
import time

from slackbot import buttons, progress, replies
from slackbot.board import Board, Entry
from slackbot.errors import BotError, SlackRefused
from slackbot.limits import Limits
from slackbot.slack import Slack

log = logging.getLogger(__name__)

_QUIET_AFTER_REFUSAL = 600.0  # seconds: a workspace without status lines is asked again now and then


class Reporter:
    """A thread that looks at the board once a second."""

    def __init__(self, board: Board, slack: Slack, limits: Limits) -> None:
        self._board, self._slack, self._limits = board, slack, limits
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
        while not self._stop.wait(min(1.0, self._limits.status_every)):
            entries = self._board.entries()
            known = {entry.job.id for entry in entries}
            self._told = {job: told for job, told in self._told.items() if job in known}
            self._offered &= known
            ahead = 0
            for entry in entries:
                self._tell(entry, ahead)
                ahead += entry.waits

    def _tell(self, entry: Entry, ahead: int) -> None:
        now, job = time.monotonic(), entry.job
        if now - entry.since < self._limits.status_after or job.wish.errand or self._stop.is_set():
            return
        if job.id not in self._offered:
            self._offered.add(job.id)
            if entry.waits:
                progress.begin(self._slack, job)
            self._offer(entry)
        at, last = self._told.get(job.id, (0.0, ""))
        text = _line(entry, ahead, self._board)
        if text == last or now - at < self._limits.status_every or now < self._quiet_until:
            return
        self._told[job.id] = (now, text)
        try:
            self._slack.show_status(job.channel, job.thread, text)
            if not self._board.has(job.id):  # it ended meanwhile, and its reply did not take this line away
                self._slack.show_status(job.channel, job.thread, "")
        except SlackRefused as error:
            log.info("no status lines for now: %s", error.code)
            self._quiet_until = now + _QUIET_AFTER_REFUSAL
        except BotError as error:
            log.info("no status: %s", error)

    def _offer(self, entry: Entry) -> None:
        job = entry.job
        if job.asker:
            # In a thread without replies Slack shows nobody what only one may see.
            thread = job.thread if job.in_thread else None
            blocks = buttons.cancel(job.id)
            progress.quietly(self._slack.whisper, job.channel, job.asker, replies.SLOW, blocks, thread)


def _line(entry: Entry, ahead: int, board: Board) -> str:
    if entry.waits:
        return replies.queued(ahead, board.minutes(ahead))
    return replies.working(entry.photos, entry.photo, entry.done)
