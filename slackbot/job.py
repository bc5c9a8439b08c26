"""A job: what one message asks of the bot, as it is written down before Slack is acknowledged."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from slackbot.words import Wish, wish_of

# Edits, joins, topic changes and the like ask for nothing.
_ASKING_SUBTYPES = (None, "file_share", "thread_broadcast")


@dataclass(frozen=True)
class Job:
    """One message that asks for something. `thread` is the root of its thread, or the message itself.

    `tag` tells further jobs about the same message apart. `replaces` is a file of the reply that this job's reply takes
    the place of. `answer_url` is where a click or a shortcut may be answered, for half an hour.
    """

    team: str
    channel: str
    message: str  # the message's ts
    thread: str
    wish: Wish
    file_ids: tuple[str, ...] = ()
    asker: str = ""
    tag: str = ""
    replaces: str = ""
    answer_url: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """The same for every event about the same message, so that all of them together are one job."""
        return job_id(self.team, self.channel, self.message, self.tag)

    def is_about(self, team: str, channel: str, message: str) -> bool:
        """Whether the job is about this message, whatever its tag."""
        return (self.team, self.channel, self.message) == (team, channel, message)

    @property
    def in_thread(self) -> bool:
        """Whether the message is a reply."""
        return self.thread != self.message


def job_id(team: str, channel: str, message: str, tag: str = "") -> str:
    """The id of the job about a message, a plain name."""
    parts = (team, channel, message, tag) if tag else (team, channel, message)
    return re.sub(r"[^A-Za-z0-9.]", "_", "-".join(parts))


def job_of(
    event: Mapping[str, Any], team: str, bot_user: str, is_watched: Callable[[str, str], bool] = lambda *_: False
) -> Job | None:
    """The job that an `app_mention` or `message` event asks for, if any.

    In a channel one has to mention the bot, or share a photo where `is_watched(team, channel)`. In a direct message
    every message asks, but in a thread there only one with photos, a mention or a word such as `cancel`: people say
    thanks, too.
    """
    if event.get("type") not in ("app_mention", "message") or event.get("subtype") not in _ASKING_SUBTYPES:
        return None
    if event.get("bot_id") or event.get("user") in (None, bot_user) or not event.get("channel"):
        return None
    text = event.get("text") or ""
    mentioned = event["type"] == "app_mention" or f"<@{bot_user}" in text
    files = tuple(file["id"] for file in event.get("files") or () if file.get("id"))
    ts, thread, channel = event["ts"], event.get("thread_ts") or event["ts"], event["channel"]
    direct = event.get("channel_type") == "im"
    wish = wish_of(text)
    if mentioned or (direct and (files or thread == ts or wish.errand)):
        wish = replace(wish, errand="") if files else wish  # with a photo, the photo is what it is about
        return Job(team, channel, ts, thread, wish, files, event["user"])
    photos = tuple(file["id"] for file in event.get("files") or () if file.get("id") and may_be_picture(file))
    if photos and not direct and is_watched(team, channel):
        return Job(team, channel, ts, thread, Wish(), photos, event["user"])  # what else it says is not for the bot
    return None


def job_of_shortcut(payload: Mapping[str, Any]) -> Job:
    """The job of the message shortcut: the message's photos, or its thread's. Each use is a job of its own."""
    message, team = payload["message"], (payload.get("team") or {}).get("id") or ""
    ts = payload.get("message_ts") or message["ts"]
    return Job(
        team,
        payload["channel"]["id"],
        ts,
        message.get("thread_ts") or ts,
        Wish(),
        tuple(file["id"] for file in message.get("files") or () if file.get("id")),
        payload["user"]["id"],
        tag=f"shortcut-{payload['action_ts']}",
        answer_url=payload.get("response_url") or "",
    )


def may_be_picture(file: Mapping[str, Any]) -> bool:
    """Whether Slack does not say that a file nobody named is clearly something else."""
    return (file.get("mimetype") or "image/").startswith("image/")
