"""What the bot hears: events, clicks and shortcuts are translated into jobs, and nothing else happens here."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from slack_bolt import Ack, App

from slackbot.buttons import Click, click_of
from slackbot.job import Job, job_of, job_of_shortcut

SHORTCUT = "enhance_photos"


class Desk(Protocol):
    """Where things are written down, durable when a call returns; `slackbot.jobs.Jobs` is one."""

    def accept(self, job: Job) -> None: ...
    def stop_message(self, team: str, channel: str, message: str) -> None: ...
    def click(self, click: Click) -> None: ...
    def open_home(self, person: str) -> None: ...


def listen(app: App, bot_user: str, desk: Desk, is_watched: Callable[[str, str], bool]) -> None:
    """Hand `desk` what is asked for, before Slack is acknowledged.

    One listener hears every event, `app_mention` and its `message` twin and those that ask for nothing (`file_shared`
    among them): an event that no listener matches is not acknowledged, and Slack would send it again and again. The
    app has to be made with `process_before_response`, so that an error of `desk` leaves the event unacknowledged.
    """

    def hear(event: dict[str, Any], body: dict[str, Any]) -> None:
        team = body.get("team_id") or ""
        gone = deleted(event)
        if event.get("type") == "app_home_opened" and event.get("tab") == "home":
            desk.open_home(event["user"])
        elif gone:
            desk.stop_message(team, event["channel"], gone)
        else:
            job = job_of(event, team, bot_user, is_watched)
            if job:
                desk.accept(job)

    def click(ack: Ack, action: dict[str, Any], body: dict[str, Any]) -> None:
        desk.click(click_of(action, body))
        ack()

    def shortcut(ack: Ack, body: dict[str, Any]) -> None:
        desk.accept(job_of_shortcut(body))
        ack()

    app.event(re.compile(".*"))(hear)
    app.action(re.compile(".*"))(click)
    app.shortcut(SHORTCUT)(shortcut)


def deleted(event: Mapping[str, Any]) -> str:
    """The ts of the message that an event says was deleted; one with replies stays as a tombstone. Else empty."""
    if event.get("subtype") == "message_deleted":
        return event.get("deleted_ts") or ""
    message = event.get("message") or {}
    if event.get("subtype") == "message_changed" and message.get("subtype") == "tombstone":
        return message.get("ts") or ""
    return ""
