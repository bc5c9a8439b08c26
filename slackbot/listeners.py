"""What the bot hears: events are translated into jobs, and nothing else happens here."""

import re
from collections.abc import Callable
from typing import Any

from slack_bolt import App

from slackbot.job import Job, job_of


def listen(app: App, bot_user: str, accept: Callable[[Job], None]) -> None:
    """Hand `accept` a job for each event that asks for one, before the event is acknowledged.

    One listener hears every event, `app_mention` and its `message` twin and those that ask for nothing (`file_shared`
    among them): an event that no listener matches is not acknowledged, and Slack would send it again and again. The
    app has to be made with `process_before_response`, so that an error in `accept` leaves the event unacknowledged.
    """

    def hear(event: dict[str, Any], body: dict[str, Any]) -> None:
        job = job_of(event, body.get("team_id") or "", bot_user)
        if job:
            accept(job)

    app.event(re.compile(".*"))(hear)
