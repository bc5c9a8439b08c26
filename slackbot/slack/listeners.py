"""Slack's events, clicks and shortcuts are translated into jobs, and nothing else happens here."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from slack_bolt import Ack, App, BoltContext

from slackbot.job import Job
from slackbot.slack.blocks import Click, parse_click
from slackbot.slack.oauth import GONE, team_of
from slackbot.slack.origin import origin_of
from slackbot.slack.requests import deleted, is_home, job_from_event, job_from_shortcut, job_from_stop

SHORTCUT = "enhance_photos"

Gone = Callable[[dict[str, Any], BoltContext], None]


class JobSink(Protocol):
    """Where things are written down, durable when a call returns; `slackbot.jobs.queues.Jobs` is one."""

    def accept(self, job: Job) -> None: ...
    def stop_message(self, team: str, channel: str, message: str) -> None: ...
    def click(self, click: Click) -> None: ...
    def open_home(self, person: str, team: str) -> None: ...
    def open_messages(self, channel: str, team: str) -> None: ...


def listen(app: App, sink: JobSink, is_watched: Callable[[str, str], bool], gone: Gone | None = None) -> None:
    """Hand `sink` what is asked for, before Slack is acknowledged.

    One listener hears every event, `app_mention` and its `message` twin and those that ask for nothing (`file_shared`
    among them): an event that no listener matches is not acknowledged, and Slack would send it again and again. The
    app has to be made with `process_before_response`, so that an error of `sink` leaves the event unacknowledged.

    Where many workspaces have the app, `gone` is told of each that has it no longer.
    """

    def on_event(event: dict[str, Any], body: dict[str, Any], context: BoltContext) -> None:
        team = team_of(context, body)
        if event.get("type") in GONE:
            if gone:
                gone(body, context)
        else:
            _on_event(event, team, context.bot_user_id or "", origin_of(context, body).is_external)

    def _on_event(event: dict[str, Any], team: str, bot_user: str, external: bool) -> None:
        message = deleted(event)
        home = team if gone else ""  # what there is one of needs no name
        if is_home(event):
            sink.open_home(event["user"], home)
        elif event.get("type") == "app_home_opened" and event.get("tab") == "messages":
            sink.open_messages(event["channel"], home)
        elif event.get("type") == "agent_session_stopped":
            sink.accept(job_from_stop(event, team))
        elif message:
            sink.stop_message(team, event["channel"], message)
        else:
            job = job_from_event(event, team, bot_user, is_watched)
            if job:
                sink.accept(replace(job, external=external))

    def click(ack: Ack, action: dict[str, Any], body: dict[str, Any], context: BoltContext) -> None:
        sink.click(parse_click(action, body, team_of(context, body)))
        ack()

    def shortcut(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
        sink.accept(job_from_shortcut(body, team_of(context, body)))
        ack()

    app.event(re.compile(".*"))(on_event)
    app.action(re.compile(".*"))(click)
    app.shortcut(SHORTCUT)(shortcut)
