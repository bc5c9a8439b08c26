"""Block Kit: replies with buttons, what a click brings back, and the App Home."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slackbot.job import Counts
from slackbot.limits import PhotoLimits
from slackbot.slack import feedback, messages
from slackbot.slack.feedback import Feedback

_SECTION, _BLOCK_ID = 3000, 255  # characters
ABOVE, CANCEL, DELETE, SMALLER = "above", "cancel", "delete", "smaller"
_DELETE_QUESTION = {
    "title": {"type": "plain_text", "text": "Delete this reply?"},
    "text": {"type": "plain_text", "text": messages.DELETE_QUESTION},
    "confirm": {"type": "plain_text", "text": "Delete"},
    "deny": {"type": "plain_text", "text": "Keep"},
    "style": "danger",
}


def sections(text: str) -> list[dict[str, Any]]:
    """A text as it stands, in blocks of whole lines where one has no room for it."""
    parts = [""]
    for line in text.splitlines(keepends=True):
        if len(parts[-1]) + len(line) > _SECTION:
            parts.append("")
        parts[-1] += line
    return [_section(part.rstrip("\n")) for part in parts if part.strip()]


def cancel(job: str, text: str) -> list[dict[str, Any]]:
    """Under a job that takes a while, of which `text` tells."""
    return [_section(text), _row(_button(CANCEL, "Cancel", job))]


def above(names: Sequence[str], job: str, message_ts: str) -> list[dict[str, Any]]:
    """The question whether the photos of the message at `message_ts` are meant. `job` is the one that asked."""
    return [_section(messages.above(names)), _row(_button(ABOVE, "Enhance", f"{job} {message_ts}"))]


_ANSWERS = "answers "


def result(
    lines: Sequence[str], job: str, file_id: str, smaller: bool, sources: Sequence[str] = (), enhanced: str = ""
) -> list[dict[str, Any]]:
    """A reply's lines, and under them: have it at 2x instead, if `smaller`, take it back, and say how it is.

    They stand in the reply itself, since what is shown to one person only is gone when Slack is loaded anew. `file_id`
    is any file of the reply. `sources` are the ids of the photos that it answers: the row of buttons is named after
    them, so that whoever reads the thread knows. `enhanced` is what `feedback.describe` says of it.

    Several results are files of one message, and no cards of a `carousel`: Slack opens files at their full size, with
    arrows between them, and hands them out as they are. A card shows a banner, whose size one cannot choose, of a PNG,
    JPEG or GIF alone, and only once Slack has processed it.
    """
    value = f"{job} {file_id}"
    more = [_button(SMALLER, "2x instead", value)] if smaller else []
    delete = _button(DELETE, "Delete", value, style="danger") | {"confirm": _DELETE_QUESTION}
    row = _row(*more, delete)
    if sources:
        row["block_id"] = textwrap.shorten(f"{_ANSWERS}{' '.join(sources)}", _BLOCK_ID, placeholder="")  # whole ids
    asked = [feedback.buttons(value, enhanced)] if enhanced else []
    return [*map(_section, lines), row, *asked]


def answered(message: Mapping[str, Any]) -> list[str]:
    """The ids of the photos that a reply answers."""
    names = (block.get("block_id") or "" for block in message.get("blocks") or ())
    return [file_id for name in names if name.startswith(_ANSWERS) for file_id in name.split()[1:]]


def without_feedback(blocks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For workspaces that refuse the block."""
    return [block for block in blocks if block["type"] != feedback.KIND]


@dataclass(frozen=True)
class Click:
    """What somebody clicked, where and when: the job it is about, and a file of its reply where there is one."""

    action: str
    job: str
    file_id: str
    user: str
    channel: str
    thread_ts: str
    response_url: str = field(default="", repr=False)
    feedback: Feedback | None = None
    team: str = ""
    action_ts: str = ""


def parse_click(action: Mapping[str, Any], body: Mapping[str, Any], team: str = "") -> Click:
    """The click of a `block_actions` payload."""
    job, _, rest = action.get("value", "").partition(" ")
    file_id, _, said = rest.partition(" ")
    at = body.get("container") or {}
    thread = at.get("thread_ts") or at.get("message_ts") or ""
    user, url = body["user"]["id"], body.get("response_url") or ""
    place = user, at.get("channel_id") or "", thread, url
    what = action.get("action_id", ""), job, file_id
    return Click(*what, *place, feedback.parse(said), team, action.get("action_ts", ""))


def home(
    bot_user: str,
    model: bool,
    counts: Counts,
    working: int,
    waiting: int,
    picture: str,
    limits: PhotoLimits,
    feedback: Sequence[str] = (),
) -> dict:
    """The view. `model` says whether the model server is up; `picture` is the id of a file of Slack's, or empty.

    `feedback` are lines for those who run the bot.
    """
    image = {"type": "image", "slack_file": {"id": picture}, "alt_text": messages.HOME_PICTURE}
    figures = messages.home_figures(model, working, waiting, counts.enhanced, counts.bicubic, counts.refused)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": messages.HOME_TITLE}},
        _section(messages.home_welcome(bot_user)),
        *([image] if picture else []),
        {"type": "section", "fields": [_text(figure) for figure in figures]},
        *([_section(messages.home_feedback(feedback))] if feedback else []),
        {"type": "divider"},
        _section(messages.ways(limits)),
    ]
    return {"type": "home", "blocks": blocks}


def _row(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(buttons)}


def _button(action: str, label: str, value: str, **more: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "action_id": action, "text": text, "value": value, **more}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> dict[str, Any]:
    # Verbatim: Slack makes no link of `evil.com` and no mention of `@here` in the name of somebody's file.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
