"""What a message asks for: events and shortcuts become a job."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from slackbot.job import Job, Options
from slackbot.slack.attached import files_of, linked_files
from slackbot.slack.grammar import asks, parse_options

# Edits, joins, topic changes and the like ask for nothing.
_ASKING_SUBTYPES = (None, "file_share", "thread_broadcast")


def job_from_event(
    event: Mapping[str, Any], team: str, bot_user: str, is_watched: Callable[[str, str], bool] = lambda *_: False
) -> Job | None:
    """The job that an `app_mention` or `message` event asks for, if any.

    In a channel one has to mention the bot, or share a photo where `is_watched(team, channel)`. In a direct message
    every message asks, but in a thread there only one with photos, a mention or words that ask for something: people
    say thanks, too.
    """
    if event.get("type") not in ("app_mention", "message") or event.get("subtype") not in _ASKING_SUBTYPES:
        return None
    if event.get("bot_id") or event.get("user") in (None, bot_user) or not event.get("channel"):
        return None
    text = event.get("text") or ""
    mentioned = event["type"] == "app_mention" or f"<@{bot_user}" in text
    files = tuple(file["id"] for file in files_of(event))
    ts, thread, channel = event["ts"], event.get("thread_ts") or event["ts"], event["channel"]
    if mentioned or event.get("channel_type") == "im":
        options = parse_options(text)
        if files:  # then they are what it is about
            options = replace(options, command="", help=False)
        if mentioned or files or thread == ts or asks(text) or linked_files(event, lambda _: True):
            return Job(team, channel, ts, thread, options, files, event["user"])
        return None
    photos = tuple(file["id"] for file in files_of(event) if may_be_picture(file))
    if photos and is_watched(team, channel):
        return Job(team, channel, ts, thread, Options(), photos, event["user"])  # what else it says is not for the bot
    return None


def job_from_shortcut(payload: Mapping[str, Any], team: str = "") -> Job:
    """The job of the message shortcut: the message's photos, or its thread's. Each use is a job of its own.

    Nothing tells whether people from outside see its channel, and one of them may have written the message.
    """
    message, team = payload["message"], team or (payload.get("team") or {}).get("id") or ""
    ts = payload.get("message_ts") or message["ts"]
    return Job(
        team,
        payload["channel"]["id"],
        ts,
        message.get("thread_ts") or ts,
        Options(),
        tuple(file["id"] for file in files_of(message)),
        payload["user"]["id"],
        variant=f"shortcut-{payload['action_ts']}",
        response_url=payload.get("response_url") or "",
        external=True,
    )


def job_from_stop(event: Mapping[str, Any], team: str) -> Job:
    """The job of Slack's own stop button: what `cancel` in the thread would be."""
    ts, thread = event["event_ts"], event["thread_ts"]
    return Job(team, event["channel"], ts, thread, Options(command="cancel"), (), event["user"], variant="stop")


def may_be_picture(file: Mapping[str, Any]) -> bool:
    """Whether Slack does not say that a file nobody named is clearly something else."""
    return (file.get("mimetype") or "image/").startswith("image/")


def is_home(event: Mapping[str, Any]) -> bool:
    """Whether an event says that somebody looks at the App Home; its direct messages are another tab."""
    return event.get("type") == "app_home_opened" and event.get("tab") == "home"


def deleted(event: Mapping[str, Any]) -> str:
    """The ts of the message that an event says was deleted; one with replies stays as a tombstone. Else empty."""
    if event.get("subtype") == "message_deleted":
        return event.get("deleted_ts") or ""
    message = event.get("message") or {}
    if event.get("subtype") == "message_changed" and message.get("subtype") == "tombstone":
        return message.get("ts") or ""
    return ""
