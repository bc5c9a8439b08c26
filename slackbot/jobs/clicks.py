"""What a button does, for the one who asked for the job; everybody sees those under a result."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from slackbot.job import Job
from slackbot.jobs.store import Store
from slackbot.ops import metrics
from slackbot.slack import blocks, messages
from slackbot.slack.blocks import Click


@dataclass(frozen=True)
class Clicks:
    """`accept` writes a further job down; `is_unfinished` tells whether the job of an id has not ended."""

    store: Store
    remembered_days: float
    accept: Callable[[Job], None]
    is_unfinished: Callable[[str], bool]

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
            text = messages.CANCELLED if self.is_unfinished(job.id) else messages.TOO_LATE
            self.store.stop(job.id)
            return "", text
        if click.action == blocks.ABOVE:
            return "", self._accept_above(job, click.file_id)
        if click.action == blocks.SMALLER:
            self._accept_smaller(job, click.file_id)
            return "", messages.AGAIN
        return click.file_id, ""

    def _accept_smaller(self, job: Job, file_id: str) -> None:
        """Take the job's photos once more, at 2x, in place of the reply that holds this file."""
        options = replace(job.options, scale=2)
        again = replace(job, options=options, variant=f"2x-{file_id}", replaces=file_id, response_url="", answer="")
        self.accept(again)

    def _accept_above(self, asked: Job, message_ts: str) -> str:
        """Take the photos of an earlier message in the channel of `asked`, as its words want them; what to say."""
        if not re.fullmatch(r"\d{1,12}\.\d{1,8}", message_ts) or float(message_ts) >= float(asked.message_ts):
            return messages.sentence(messages.TROUBLE)
        there = replace(asked, message_ts=message_ts, thread_ts=message_ts, file_ids=(), response_url="", answer="")
        self.accept(replace(there, variant=f"above-{asked.message_ts}"))
        return messages.ABOVE
