"""How often the bots look into their queues: several of them, together as often as one alone, and seldom at rest.

DBOS keeps the interval in the database, for all bots. One of them adapts it to how many there are and whether there is
anything to do. So ten bots cost the database little more than one, and a job waits as long for a free bot.
"""

import logging
import threading
from collections.abc import Callable, Mapping

from dbos import DBOS

from slackbot.jobs.liveness import OneOfSeveral
from slackbot.jobs.records import AWAY
from slackbot.limits import JobLimits

log = logging.getLogger(__name__)

_LOOK_EVERY = 5.0  # seconds
_RESTS_AFTER = 6  # such looks at which there was nothing to do


def register_queues(at_once: Mapping[str, int], seconds: float) -> None:
    """Make the queues, of which a bot works on so many jobs at a time, and look into them this often."""
    for name, most in at_once.items():
        DBOS.register_queue(name, worker_concurrency=most, polling_interval_sec=seconds)


def share(
    bots: OneOfSeveral, names: list[str], limits: JobLimits, is_idle: Callable[[], bool], stop: threading.Event
) -> None:
    """In a thread, until `stop`: adapt the interval of these queues to how many bots there are, and what to do."""

    def run() -> None:
        idle = 0
        while not stop.wait(_LOOK_EVERY):
            try:
                if bots.tells_of_waiting:
                    idle = idle + 1 if is_idle() else 0
                    rests = idle >= _RESTS_AFTER
                    seconds = max(limits.poll_seconds, limits.rest_poll_seconds) if rests else limits.poll_seconds
                    _adapt(names, seconds * max(1, bots.count()))
            except AWAY as error:
                log.debug("the queues are polled as before for now (%s)", type(error).__name__)

    threading.Thread(target=run, name="polling", daemon=True).start()


def _adapt(names: list[str], seconds: float) -> None:
    for name in names:
        queue = DBOS.retrieve_queue(name)
        if queue and abs(queue.polling_interval_sec - seconds) > 1e-6:
            queue.set_polling_interval_sec(seconds)
