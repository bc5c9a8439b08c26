"""Buttons, as Block Kit: what they say, and what a click brings back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Click:
    """What somebody clicked, and where: the job it is about, and a file of its reply where there is one."""

    action: str
    job: str
    file_id: str
    person: str
    channel: str
    thread: str
    answer_url: str = field(default="", repr=False)


def click_of(action: Mapping[str, Any], body: Mapping[str, Any]) -> Click:
    """The click of a `block_actions` payload."""
    job, _, file_id = action.get("value", "").partition(" ")
    at = body.get("container") or {}
    thread = at.get("thread_ts") or at.get("message_ts") or ""
    person, url = body["user"]["id"], body.get("response_url") or ""
    return Click(action.get("action_id", ""), job, file_id, person, at.get("channel_id") or "", thread, url)


def _said(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _row(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(buttons)}


def _button(action: str, label: str, value: str, **more: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "action_id": action, "text": text, "value": value, **more}
