"""What the bot's `/metrics` say about the queue and the newest job, and which model Triton's say it serves."""

import re
from dataclasses import dataclass, field
from typing import Any

import aiohttp

_LINE = re.compile(r'^enhancer_(?P<name>\w+?)(?:\{\w+="(?P<label>[^"]*)"\})? (?P<value>\S+)$', re.MULTILINE)
_MODEL = re.compile(r'^nv_inference_request_success\{model="([^"]+)",version="([^"]+)"', re.MULTILINE)
_PATIENCE = aiohttp.ClientTimeout(total=1.0)  # seconds: both are on this machine

Metrics = dict[tuple[str, str], float]


def parse(text: str) -> Metrics:
    """The bot's own counters and gauges as (name without prefix, label): value."""
    return {(one["name"], one["label"] or ""): float(one["value"]) for one in _LINE.finditer(text)}


@dataclass
class JobClock:
    """Tells what the steps of the newest job took, from sums that only grow."""

    _before: Metrics | None = None
    _last: dict[str, Any] | None = field(default=None)

    def look(self, now: Metrics) -> dict[str, Any] | None:
        """`{"steps": [[step, seconds], ...], "seconds": all together}` of the newest job that ended, or None.

        Where several jobs ended between two looks, these are their sums, and `jobs` says how many.
        """
        ended = sum(value for (name, _), value in now.items() if name == "jobs_total")
        if self._before is None:
            self._before = now
        before = sum(value for (name, _), value in self._before.items() if name == "jobs_total")
        if ended < before:  # the bot was started anew
            self._before = now
        elif ended > before and not now.get(("queue_depth", ""), 0.0):
            took = {
                step: value - self._before.get((name, step), 0.0)
                for (name, step), value in now.items()
                if name == "step_seconds_sum"
            }
            steps = [[step, round(value, 3)] for step, value in took.items() if value > 0]
            self._last = {"jobs": int(ended - before), "steps": steps, "seconds": round(sum(took.values()), 3)}
            self._before = now
        return self._last


class BotStatus:
    """Asks a bot and a Triton how they are; either address may be empty."""

    def __init__(self, bot_url: str = "", triton_metrics: str = "") -> None:
        self._bot_url, self._triton_metrics = bot_url.rstrip("/"), triton_metrics
        self._clock = JobClock()

    async def look(self) -> dict[str, Any]:
        """`{"bot": {"queue", "last"} or None, "model": {"name", "version"} or None}`; None for whoever is silent."""
        async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
            return {"bot": await self._bot(session), "model": await self._model(session)}

    async def _bot(self, session: aiohttp.ClientSession) -> dict[str, Any] | None:
        text = await _text(session, f"{self._bot_url}/metrics") if self._bot_url else None
        if text is None:
            return None
        metrics = parse(text)
        return {"queue": int(metrics.get(("queue_depth", ""), 0.0)), "last": self._clock.look(metrics)}

    async def _model(self, session: aiohttp.ClientSession) -> dict[str, Any] | None:
        text = await _text(session, self._triton_metrics) if self._triton_metrics else None
        return served_model(text or "")


def served_model(text: str) -> dict[str, str] | None:
    """The first model in Triton's metrics, with the versions of it that are loaded; None where there is none."""
    loaded = _MODEL.findall(text)
    versions = sorted({version for name, version in loaded if name == loaded[0][0]})
    return {"name": loaded[0][0], "version": ", ".join(versions)} if loaded else None


async def _text(session: aiohttp.ClientSession, url: str) -> str | None:
    try:
        async with session.get(url) as response:
            return await response.text() if response.status == 200 else None
    except (aiohttp.ClientError, TimeoutError):
        return None
