"""Replies, written down in the database before they are posted.

Whichever bot takes a job up knows from it whether the reply may stand in Slack already, and asks Slack; and no two bots
post one reply where each believes that the job is its own.
"""

import time
from enum import Enum, auto

from slackbot.jobs.liveness import Liveness
from slackbot.jobs.store import Store

_PAUSE = 0.5  # seconds between two looks at what another bot is doing
_PATIENCE = 600.0  # seconds: a living bot that has not posted by then has given up


class Begun(Enum):
    """What is known of a reply that is to be posted."""

    NOW = auto()
    """nobody has tried to post it"""
    BEFORE = auto()
    """somebody did, this bot or one that is gone, and perhaps Slack has it"""
    DONE = auto()
    """Slack has it"""


class Posts:
    """The replies of jobs, by the job's id and the part: its files, or a text alone. Raises SQLAlchemyError."""

    def __init__(self, store: Store, bots: Liveness) -> None:
        self._store, self._bots = store, bots

    def is_answered(self, job: str) -> bool:
        """Whether Slack has any part of the reply."""
        return any(done for _, done in self._store.posts(job).values())

    def begin(self, job: str, part: str) -> Begun:
        """To be called before it is posted. Waits while another living bot is posting it.

        Raises JobCancelled where the job was stopped before anybody called this; from then on that is too late.
        """
        me, ends = self._bots.executor, time.monotonic() + _PATIENCE
        if self._store.begin_post(job, part, me):
            return Begun.NOW
        while True:
            executor, done = self._store.posts(job)[part]
            if done:
                return Begun.DONE
            if executor == me:
                return Begun.BEFORE
            if time.monotonic() > ends or not self._bots.alive([executor]):
                self._store.take_over_post(job, part, executor, me)
            else:
                time.sleep(_PAUSE)

    def end(self, job: str, part: str) -> None:
        """Slack has it."""
        self._store.end_post(job, part)
