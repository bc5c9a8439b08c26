"""How often Slack lets an app call: docs.slack.dev/apis/web-api/rate-limits."""

import time
from collections import defaultdict, deque

PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
# Posting is about one message a second in a channel, with short bursts allowed.
POSTS_PER_SECOND, POST_BURST = 1.0, 3


class RateLimits:
    """Counts calls in sliding windows of a minute, and posts in one bucket a channel."""

    def __init__(self) -> None:
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait_for_call(self, method: str, tier: int, scale: float) -> float:
        """0 when the call may go through (and is counted), else the seconds to wait."""
        now = time.monotonic()
        calls = self._calls[method]
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= PER_MINUTE[tier] * scale:
            return 60 - (now - calls[0])
        calls.append(now)
        return 0.0

    def wait_for_post(self, channel: str, scale: float) -> float:
        """The same for `chat.postMessage` in one channel."""
        now = time.monotonic()
        left, since = self._buckets.get(channel, (float(POST_BURST), now))
        left = min(POST_BURST, left + (now - since) * POSTS_PER_SECOND * scale)
        if left < 1:
            return (1 - left) / (POSTS_PER_SECOND * scale)
        self._buckets[channel] = (left - 1, now)
        return 0.0
