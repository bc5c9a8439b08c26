"""A job: what one message asks of the bot, as it is written down before Slack is acknowledged."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slackbot.words import Wish, wish_of

# Edits, joins, topic changes and the like ask for nothing.
_ASKING_SUBTYPES = (None, "file_share", "thread_broadcast")


@dataclass(frozen=True)
class Job:
    """One message that asks for something. `thread` is the root of its thread, or the message itself."""

    team: str
    channel: str
    message: str  # the message's ts
    thread: str
    wish: Wish
    file_ids: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The same for every event about the same message, so that all of them together are one job."""
        return re.sub(r"[^A-Za-z0-9.]", "_", f"{self.team}-{self.channel}-{self.message}")

    @property
    def in_thread(self) -> bool:
        """Whether the message is a reply."""
        return self.thread != self.message


def job_of(event: Mapping[str, Any], team: str, bot_user: str) -> Job | None:
    """The job that an `app_mention` or `message` event asks for, if any.

    In a channel one has to mention the bot. In a direct message every message asks, but in a thread there only one with
    photos or a mention: people say thanks, too.
    """
    if event.get("type") not in ("app_mention", "message") or event.get("subtype") not in _ASKING_SUBTYPES:
        return None
    if event.get("bot_id") or event.get("user") in (None, bot_user) or not event.get("channel"):
        return None
    text = event.get("text") or ""
    mentioned = event["type"] == "app_mention" or f"<@{bot_user}" in text
    files = tuple(file["id"] for file in event.get("files") or () if file.get("id"))
    ts, thread = event["ts"], event.get("thread_ts") or event["ts"]
    direct = event.get("channel_type") == "im"
    if not (mentioned or (direct and (files or thread == ts))):
        return None
    return Job(team, event["channel"], ts, thread, wish_of(text), files)
