"""Jobs of bots that ended, where several share a PostgreSQL: the living take them up.

A bot that is told to end hands its own back, so that another begins at once. What an execution that lost its job still
records is refused by DBOS (it knows the owner of each), and what it would still post, by `posts`.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection

from slackbot.jobs.liveness import OneOfSeveral
from slackbot.jobs.queue_table import QueueTable
from slackbot.jobs.records import AWAY, Records
from slackbot.ops import metrics

log = logging.getLogger(__name__)

_LOOK_EVERY = 3.0  # seconds
# Without a sign of life for so long a bot is dead. After a restart of PostgreSQL each has as long to show one again.
_DEAD_AFTER = 6.0


class Recovery:
    """A thread that keeps up the sign of life of this bot, and looks for bots that show none."""

    def __init__(self, bots: OneOfSeveral, records: Records, table: QueueTable) -> None:
        self._bots, self._records, self._table = bots, records, table
        self._missing = Missing(_DEAD_AFTER)

    def start(self, stop: threading.Event) -> None:
        """Begin; until `stop`."""

        def run() -> None:
            while not stop.wait(_LOOK_EVERY):
                try:
                    self._look()
                except AWAY as error:
                    self._missing.forget()
                    log.debug("no look at other bots for now (%s)", type(error).__name__)

        threading.Thread(target=run, name="recovery", daemon=True).start()

    def hand_back(self) -> None:
        """Let others begin with what this bot has begun and not ended, which goes no further here."""
        try:
            self._take_up([self._bots.executor])
        except AWAY as error:
            log.warning("jobs are not handed back (%s): others take them up in a moment", type(error).__name__)

    def _look(self) -> None:
        if not self._bots.renew():
            self._missing.forget()  # the server was away: no bot can have shown a sign of life to it
        others = {str(job.executor_id) for job in self._records.at_work() if job.executor_id != self._bots.executor}
        alive = self._bots.alive(others) if others else set()
        dead = self._missing.note(others - alive)
        if dead:
            with self._bots.only_taker() as taker:
                jobs = self._take_up(dead) if taker else 0
            if jobs:
                metrics.TAKEN_UP.inc(jobs)
                log.warning("%d jobs are taken up whose bot is gone", jobs)

    def _take_up(self, executors: Collection[str]) -> int:
        """Let whoever is free begin with what these bots had begun: so many jobs."""
        jobs = self._records.at_work(executors)
        self._table.wait_again(executors)
        self._records.enqueue(jobs)
        return len(jobs)


class Missing:
    """Since when each bot has been missing."""

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._now = seconds, now
        self._since: dict[str, float] = {}

    def note(self, missing: Collection[str]) -> set[str]:
        """These are missing now, and no others; those that have been for long enough."""
        now = self._now()
        self._since = {one: self._since.get(one, now) for one in missing}
        return {one for one, since in self._since.items() if now - since >= self._seconds}

    def forget(self) -> None:
        """Nobody is missing until seen so again."""
        self._since.clear()
