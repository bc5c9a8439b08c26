"""What the bot counts, under the names that dashboards and alerts know. `/metrics` shows them (`slackbot.health`)."""

import contextlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, TypeVar

from prometheus_client import Counter, Gauge, Histogram

from slackbot.errors import NotReady
from slackbot.ops.single_flight import SingleFlight

UNKNOWN = float("nan")
"""What a gauge shows while that cannot be asked."""
T = TypeVar("T")

JOBS = Counter(
    "enhancer_jobs_total",
    "Jobs that ended, by outcome; partly: a photo of several was refused, or was enlarged without the model.",
    ["outcome"],
)
REPLY_SECONDS = Histogram(
    "enhancer_reply_seconds",
    "Seconds from when a job with photos was written down to its end, its reply included.",
    buckets=(1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600),
)
STEP_SECONDS = Histogram(
    "enhancer_step_seconds",
    "Seconds for one try of one step of a job.",
    ["step"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300),
)
TILE_SECONDS = Histogram(
    "enhancer_tile_seconds",
    "Seconds for one try of one call to a model server, by its address; failures count with what they took.",
    ["server"],
    buckets=(0.03, 0.1, 0.3, 1, 3, 10, 30),
)
FALLBACKS = Counter("enhancer_fallbacks_total", "Photos enlarged without the model, because of its server.")
FEEDBACK = Counter(
    "enhancer_feedback_total", "Clicks on Good or Bad under a result, by the model's version.", ["version", "verdict"]
)
TAKEN_UP = Counter("enhancer_jobs_taken_up_total", "Jobs of other bots that were taken up, because those are gone.")
STRANDED = Counter(
    "enhancer_jobs_stranded_total",
    "Jobs that ended unfinished, because another version wrote them down and has no bot any more.",
)
BREAKER_OPEN = Gauge("enhancer_breaker_open", "1 while photos do not wait for the model server, else 0.")
QUEUE_DEPTH = Gauge("enhancer_queue_depth", "Jobs written down and not ended, those at work included, of all bots.")
OLDEST_JOB = Gauge("enhancer_oldest_job_seconds", "Seconds since the oldest of these jobs was written down, or 0.")
OTHER_VERSIONS = Gauge(
    "enhancer_other_version_jobs", "Jobs that another version wrote down, and that its own bots have not ended."
)
UNHEALTHY = Gauge("enhancer_unhealthy", "1 while this check of /healthz fails, else 0.", ["check"])


class Refusal(StrEnum):
    """Why something was turned away that nobody trusted or that was too much."""

    ADDRESS = "address"
    """Slack named an address, to fetch from or to send to, that is none of Slack's"""
    DECORATION = "decoration"
    """a reaction, a status line or an App Home was left out, so that Slack has room for work"""
    EXPIRED = "expired"
    """an answer to a click was too late for its address"""
    GUEST = "guest"
    """an event of somebody who is not on the allow-list"""
    KILLED = "killed"
    """a photo at which the bot was killed again and again"""
    MEMORY = "memory"
    """a photo that takes more memory than the bot has, even at 1x"""
    MODEL_ANSWER = "model_answer"
    """the model server's answer was not the pixels that were asked for"""
    MODEL_SERVER = "model_server"
    """the model server could not prove who it is"""
    PICTURE = "picture"
    """a file that was no picture, a broken one, or one too large or too costly to open"""
    QUEUE_FULL = "queue_full"
    """a photo came while too many others waited"""
    QUOTA = "quota"
    """a photo that was more than its workspace has in an hour or a day"""
    REDIRECT = "redirect"
    """Slack led elsewhere, to where the bot does not follow"""
    SIGNATURE = "signature"
    """an HTTP request that Slack did not sign, or too long ago"""


_REFUSED = Counter(
    "enhancer_refused_total", f"What was not trusted or too much, by reason: {', '.join(Refusal)}.", ["reason"]
)
for _reason in Refusal:
    _REFUSED.labels(_reason)  # each is there from the start, at 0, so that an alert can see it grow


class SlackTrouble(StrEnum):
    """Why Slack did not do what it was asked."""

    PERMISSION = "permission"
    """it does not take the bot's token, or that lacks a scope"""
    RATE_LIMITED = "rate_limited"
    """it asks to wait (429)"""
    UNAVAILABLE = "unavailable"
    """it gives no answer, or an error of its own"""


_SLACK_REFUSED = Counter(
    "enhancer_slack_refusals_total", f"Calls that Slack did not do, by reason: {', '.join(SlackTrouble)}.", ["reason"]
)
for _trouble in SlackTrouble:
    _SLACK_REFUSED.labels(_trouble)


def show(gauge: Gauge, ask: Callable[[], float]) -> None:
    """Let a gauge show what `ask` gives at each look; UNKNOWN where that takes long, so that the page does not."""
    asked = SingleFlight(ask)

    def value() -> float:
        try:
            return asked()
        except NotReady:
            return UNKNOWN

    gauge.set_function(value)


def slack_refused(trouble: SlackTrouble) -> None:
    """Count one call that Slack did not do."""
    _SLACK_REFUSED.labels(trouble).inc()


def slack_answered(status: int) -> None:
    """Count a call that Slack answered with this HTTP status, 429 or 5xx."""
    slack_refused(SlackTrouble.RATE_LIMITED if status == 429 else SlackTrouble.UNAVAILABLE)


def refuse(reason: Refusal) -> None:
    """Count one refusal."""
    _REFUSED.labels(reason).inc()


@contextlib.contextmanager
def refusing(reason: Refusal, error: type[Exception]) -> Iterator[None]:
    """Count a refusal where such an error is raised in a `with`."""
    try:
        yield
    except error:
        refuse(reason)
        raise


def timed(work: Callable[..., T]) -> Callable[..., T]:
    """The same step, with its seconds counted under its name."""

    def counted(*args: Any) -> T:
        with STEP_SECONDS.labels(work.__name__).time():
            return work(*args)

    return counted
