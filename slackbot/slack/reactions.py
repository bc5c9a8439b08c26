"""The reactions on an asking message, and what to do where decoration fails: never fail a job."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from slackbot.errors import BotError
from slackbot.job import Outcome

log = logging.getLogger(__name__)

WORKING, ENHANCED, PARTLY, FAILED = "eyes", "white_check_mark", "warning", "x"


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
        log.info("left out, since Slack did not take it (%s): %s", call.__name__.replace("_", " "), error)
