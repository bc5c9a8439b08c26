"""Buttons, as Block Kit: what they say, and what a click brings back."""

from collections.abc import Sequence
from typing import Any

from slackbot import replies

CANCEL, DELETE, SMALLER = "cancel", "delete", "smaller"


def cancel(job: str) -> list[dict[str, Any]]:
    """Under a job that takes a while."""
    return [_said(replies.SLOW), _row(_button(CANCEL, "Cancel", job))]


def result(lines: Sequence[str], job: str, file_id: str, smaller: bool) -> list[dict[str, Any]]:
    """A reply's lines, and under them: have it at 2x instead, if `smaller`, and take it back.

    They stand in the reply itself, since what is shown to one person only is gone when Slack is loaded anew. `file_id`
    is any file of the reply.
    """
    value = f"{job} {file_id}"
    more = [_button(SMALLER, "2x instead", value)] if smaller else []
    return [*map(_said, lines), _row(*more, _button(DELETE, "Delete", value, style="danger"))]


def clicked(value: str) -> tuple[str, str]:
    """The job's id and the file's, or an empty text where there is none."""
    job, _, file_id = value.partition(" ")
    return job, file_id


def _said(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _row(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(buttons)}


def _button(action: str, label: str, value: str, **more: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "action_id": action, "text": text, "value": value, **more}
