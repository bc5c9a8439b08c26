"""What the bot counts, under the names that dashboards and alerts know. `/metrics` shows them (`slackbot.health`)."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from prometheus_client import Counter, Gauge, Histogram

T = TypeVar("T")

JOBS = Counter(
    "enhancer_jobs_total",
    "Jobs that ended, by outcome; partly: a photo of several was refused, or was enlarged without the model.",
    ["outcome"],
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
BREAKER_OPEN = Gauge("enhancer_breaker_open", "1 while photos do not wait for the model server, else 0.")
QUEUE_DEPTH = Gauge("enhancer_queue_depth", "Jobs written down and not ended, those at work included.")


class Refusal(StrEnum):
    """Why something was turned away that nobody trusted or that was too much."""

    ADDRESS = "address"
    """Slack named an address, to fetch from or to send to, that is none of Slack's"""
    DECORATION = "decoration"
    """a reaction or status line was left out, so that Slack has room for work"""
    EXPIRED = "expired"
    """an answer to a click was too late for its address"""
    GUEST = "guest"
    """an event of somebody who is not on the allow-list"""
    MODEL_ANSWER = "model_answer"
    """the model server's answer was not the pixels that were asked for"""
    MODEL_SERVER = "model_server"
    """the model server could not prove who it is"""
    PICTURE = "picture"
    """a file that was no picture, a broken one, or one too large or too costly to open"""
    QUEUE_FULL = "queue_full"
    """a photo came while too many others waited"""
    REDIRECT = "redirect"
    """Slack led elsewhere, to where the bot does not follow"""
    SIGNATURE = "signature"
    """an HTTP request that Slack did not sign, or too long ago"""


_REFUSED = Counter(
    "enhancer_refused_total", f"What was not trusted or too much, by reason: {', '.join(Refusal)}.", ["reason"]
)
for _reason in Refusal:
    _REFUSED.labels(_reason)  # each is there from the start, at 0, so that an alert can see it grow


def refuse(reason: Refusal) -> None:
    """Count one refusal."""
    _REFUSED.labels(reason).inc()


def timed(work: Callable[..., T]) -> Callable[..., T]:
    """The same step, with its seconds counted under its name."""

    def counted(*args: Any) -> T:
        with STEP_SECONDS.labels(work.__name__).time():
            return work(*args)

    return counted
