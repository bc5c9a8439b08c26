"""Reactions on the asking message: eyes at once, and at the end what came of it. A failure here never fails a job."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from slackbot.errors import BotError
from slackbot.job import Job, Outcome
from slackbot.slack.client import Slack

log = logging.getLogger(__name__)

WORKING, ENHANCED, PARTLY, FAILED = "eyes", "white_check_mark", "warning", "x"


def begin(slack: Slack, job: Job) -> None:
    """Show that the job has begun."""
    quietly(slack.react, job.channel, job.message_ts, WORKING)


def end(slack: Slack, job: Job, reaction: str) -> None:
    """Show how the job ended; an empty one only takes the eyes away."""
    if reaction:
        quietly(slack.react, job.channel, job.message_ts, reaction)
    quietly(slack.unreact, job.channel, job.message_ts, WORKING)


def reaction_for(outcomes: Sequence[Outcome]) -> str:
    """The reaction for all outcomes of a job together: failed is only what brought no picture at all."""
    if all(outcome.refusal for outcome in outcomes):
        return FAILED
    return PARTLY if any(outcome.refusal or outcome.reason for outcome in outcomes) else ENHANCED


def quietly(call: Callable[..., None], *args: Any) -> None:
    """Call it, and only log a failure."""
    try:
        call(*args)
    except BotError as error:
        log.info("no %s: %s", call.__name__, error)
