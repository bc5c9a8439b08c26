"""What the bot counts, under the names that dashboards and alerts know. `/metrics` shows them (`slackbot.health`)."""

from collections.abc import Callable
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
FALLBACKS = Counter("enhancer_fallbacks_total", "Photos enlarged without the model, because of its server.")
BREAKER_OPEN = Gauge("enhancer_breaker_open", "1 while photos do not wait for the model server, else 0.")
QUEUE_DEPTH = Gauge("enhancer_queue_depth", "Jobs written down and not ended, those at work included.")


def timed(work: Callable[..., T]) -> Callable[..., T]:
    """The same step, with its seconds counted under its name."""

    def counted(*args: Any) -> T:
        with STEP_SECONDS.labels(work.__name__).time():
            return work(*args)

    return counted
