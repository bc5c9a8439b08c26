"""Slack's events, clicks and shortcuts are translated into jobs, and nothing else happens here."""

import re
from collections.abc import Callable
from typing import Any, Protocol

from slack_bolt import Ack, App

from slackbot.job import Job
from slackbot.slack.blocks import Click, parse_click
from slackbot.slack.requests import deleted, job_from_event, job_from_shortcut

SHORTCUT = "enhance_photos"


class JobSink(Protocol):
    """Where things are written down, durable when a call returns; `slackbot.jobs.queues.Jobs` is one."""

    def accept(self, job: Job) -> None: ...
    def stop_message(self, team: str, channel: str, message: str) -> None: ...
    def click(self, click: Click) -> None: ...
    def open_home(self, person: str) -> None: ...


def listen(app: App, bot_user: str, sink: JobSink, is_watched: Callable[[str, str], bool]) -> None:
    """Hand `sink` what is asked for, before Slack is acknowledged.

    One listener hears every event, `app_mention` and its `message` twin and those that ask for nothing (`file_shared`
    among them): an event that no listener matches is not acknowledged, and Slack would send it again and again. The
    app has to be made with `process_before_response`, so that an error of `sink` leaves the event unacknowledged.
    """

    def on_event(event: dict[str, Any], body: dict[str, Any]) -> None:
        team = body.get("team_id") or ""
        gone = deleted(event)
        if event.get("type") == "app_home_opened" and event.get("tab") == "home":
            sink.open_home(event["user"])
        elif gone:
            sink.stop_message(team, event["channel"], gone)
        else:
            job = job_from_event(event, team, bot_user, is_watched)
            if job:
                sink.accept(job)

    def click(ack: Ack, action: dict[str, Any], body: dict[str, Any]) -> None:
        sink.click(parse_click(action, body))
        ack()

    def shortcut(ack: Ack, body: dict[str, Any]) -> None:
        sink.accept(job_from_shortcut(body))
        ack()

    app.event(re.compile(".*"))(on_event)
    app.action(re.compile(".*"))(click)
    app.shortcut(SHORTCUT)(shortcut)
