"""Reactions on the asking message: eyes at once, and at the end what came of it. Never worth failing a job for."""

import logging
from collections.abc import Sequence

from slackbot.errors import BotError
from slackbot.job import Job
from slackbot.replies import Outcome
from slackbot.slack import Slack

log = logging.getLogger(__name__)

WORKING, ENHANCED, BICUBIC, FAILED = "eyes", "white_check_mark", "warning", "x"


def begin(slack: Slack, job: Job) -> None:
    """Show that the job has begun."""
    _try(slack.react, job, WORKING)


def end(slack: Slack, job: Job, mark: str) -> None:
    """Show how the job ended; an empty mark only takes the eyes away."""
    if mark:
        _try(slack.react, job, mark)
    _try(slack.unreact, job, WORKING)


def mark_of(outcomes: Sequence[Outcome]) -> str:
    """The reaction for all outcomes of a job together: the worst."""
    if any(outcome.refusal for outcome in outcomes):
        return FAILED
    return BICUBIC if any(outcome.reason for outcome in outcomes) else ENHANCED


def _try(react, job: Job, name: str) -> None:
    try:
        react(job.channel, job.message, name)
    except BotError as error:
        log.info("no reaction: %s", error)
