"""In which of DBOS's queues a job waits, and how many jobs of each queue a bot works on at a time.

A person who asks for a lot would otherwise have all of a bot's jobs, for as long as large photos take, and nobody
else's would begin. So only a person's first few wait where all do. The further ones have a queue and places of their
own, which stay empty unless somebody asks for that much.
"""

from slackbot.jobs.queue_table import turn_of
from slackbot.limits import JobLimits

PHOTOS, MORE_PHOTOS, COMMANDS = "photos", "more photos", "commands"


def at_once(limits: JobLimits) -> dict[str, int]:
    """How many jobs of each queue a bot works on at a time."""
    return {
        PHOTOS: limits.jobs_at_once,
        MORE_PHOTOS: max(1, _share(limits)),
        COMMANDS: limits.commands_at_once,
    }


def photo_queue(priority: int, limits: JobLimits) -> str:
    """The queue for a job about photos, which has this priority. The same for every event about the same message."""
    share = _share(limits)
    return MORE_PHOTOS if share and turn_of(priority) >= share else PHOTOS


def _share(limits: JobLimits) -> int:
    """Half of the jobs of one bot: as many unfinished ones as a person may have in the queue of all, whichever bots
    work on them. 0 where that cannot be halved: then there is one queue."""
    return limits.jobs_at_once // 2
