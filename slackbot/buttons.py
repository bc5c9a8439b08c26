"""Buttons, as Block Kit: what they say, and what a click brings back."""

from typing import Any

from slackbot import replies

CANCEL, DELETE, SMALLER = "cancel", "delete", "smaller"


def cancel(job: str) -> list[dict[str, Any]]:
    """Under a job that takes a while."""
    return _row(replies.SLOW, _button(CANCEL, "Cancel", job))


def afterwards(job: str, file_id: str, *, smaller: bool) -> list[dict[str, Any]]:
    """Under a result: take it back, and perhaps have it at 2x instead. `file_id` is any file of the reply."""
    value = f"{job} {file_id}"
    more = [_button(SMALLER, "2x instead", value)] if smaller else []
    return _row(replies.UNDER_THE_RESULT, *more, _button(DELETE, "Delete", value, style="danger"))


def clicked(value: str) -> tuple[str, str]:
    """The job's id and the file's, or an empty text where there is none."""
    job, _, file_id = value.partition(" ")
    return job, file_id


def _row(text: str, *buttons: dict[str, Any]) -> list[dict[str, Any]]:
    said = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    return [said, {"type": "actions", "elements": list(buttons)}]


def _button(action: str, label: str, value: str, **more: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "action_id": action, "text": text, "value": value, **more}
