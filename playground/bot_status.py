"""What the bot's `/metrics` say about the queue and the newest job, and which model a Triton serves."""

import re
from dataclasses import dataclass, field
from typing import Any

import aiohttp

_LINE = re.compile(r'^enhancer_(?P<name>\w+?)(?:\{\w+="(?P<label>[^"]*)"\})? (?P<value>\S+)$', re.MULTILINE)
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

    def __init__(self, bot_url: str = "", model_url: str = "") -> None:
        self._bot_url, self._model_url = bot_url.rstrip("/"), model_url.rstrip("/")
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
        if not self._model_url:
            return None
        try:
            async with session.get(self._model_url) as response:
                model = await response.json() if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None
        return {"name": model["name"], "version": ", ".join(model["versions"])} if model else None


async def _text(session: aiohttp.ClientSession, url: str) -> str | None:
    try:
        async with session.get(url) as response:
            return await response.text() if response.status == 200 else None
    except (aiohttp.ClientError, TimeoutError):
        return None
