"""What a button does, for the one who asked for the job; everybody sees those under a result."""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from slackbot.job import Job
from slackbot.jobs import lookup
from slackbot.jobs.lookup import State
from slackbot.jobs.store import Store
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal
from slackbot.slack import blocks, messages
from slackbot.slack.blocks import Click


@dataclass(frozen=True)
class Clicks:
    """`accept` writes a further job down: it gives back 0, or in how many minutes to ask again where too many wait.

    `state` is that of `lookup`.
    """

    store: Store
    remembered_days: float
    accept: Callable[[Job], int]
    state: Callable[[str], State] = lookup.state

    def obey(self, click: Click, job: Job | None) -> tuple[str, str]:
        """Do what the button says; the file that is no longer wanted, and what to say, each perhaps empty.

        `job` is the one of the button, None where it is no longer known. What somebody thinks of a result counts
        whoever it is.
        """
        if job is None:
            return "", messages.forgotten(self.remembered_days)
        if click.feedback:
            if self.store.rate(click.job, click.user, click.feedback):
                metrics.FEEDBACK.labels(click.feedback.version, "good" if click.feedback.good else "bad").inc()
            return "", messages.THANKS
        if job.user != click.user:
            return "", messages.NOT_YOURS
        if click.action == blocks.CANCEL:
            in_time = self.state(job.id) is State.UNFINISHED and self.store.stop(job.id)
            return "", messages.CANCELLED if in_time else messages.TOO_LATE
        if click.action == blocks.ABOVE:
            return "", self._accept_above(job, click.file_id)
        if click.action == blocks.SMALLER:
            return "", self._accept_further(self._smaller(job, click.file_id), messages.AGAIN)
        if click.action == blocks.DELETE:
            return click.file_id, ""
        return "", ""

    def _accept_further(self, job: Job, text: str) -> str:
        """Write a further job down; what to say: the text, or when to ask again where too many wait."""
        minutes = self.accept(job)
        if not minutes:
            return text
        metrics.refuse(Refusal.QUEUE_FULL)
        return messages.full(minutes)

    def _smaller(self, job: Job, file_id: str) -> Job:
        """The job that takes the photos once more, at 2x, in place of the reply that holds this file.

        While there is one, it is the same for every click. Once it has ended, a click is another job: it has failed, or
        the click came from an old view of the thread, and then that job finds no reply to replace.
        """
        base, options = f"2x-{file_id}", replace(job.options, scale=2, asked_scale=0)
        again = replace(job, options=options, variant=base, replaces=file_id, response_url="", answer="")
        for number in itertools.count(2):
            if self.state(again.id) is not State.ENDED:
                break
            again = replace(again, variant=f"{base}-{number}")
        return again

    def _accept_above(self, asked: Job, message_ts: str) -> str:
        """Take the photos of an earlier message in the channel of `asked`, as its words want them; what to say."""
        if not re.fullmatch(r"\d{1,12}\.\d{1,8}", message_ts) or float(message_ts) >= float(asked.message_ts):
            return messages.sentence(messages.TROUBLE)
        there = replace(asked, message_ts=message_ts, thread_ts=message_ts, file_ids=(), response_url="", answer="")
        return self._accept_further(replace(there, variant=f"above-{asked.message_ts}"), messages.ABOVE)
