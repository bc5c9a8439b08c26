"""The App Home, as Block Kit: what the bot does, a picture of it, how it is and how to use it."""

from typing import Any

from slackbot.limits import Limits
from slackbot.notebook import Counts
from slackbot.replies import usage

PICTURE_ALT = "One photo in two halves: on the left enlarged with bicubic interpolation, on the right enhanced"


def home(bot_user: str, model: bool, counts: Counts, working: int, waiting: int, picture: str, limits: Limits) -> dict:
    """The view. `model` says whether the model server is well; `picture` is the id of a file of Slack's, or empty."""
    state = ":large_green_circle: enhancing" if model else ":large_yellow_circle: bicubic for now, the model is away"
    image = {"type": "image", "slack_file": {"id": picture}, "alt_text": PICTURE_ALT}
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Photos, four times as wide and high"}},
        _section(
            "Share a photo and mention me: I answer in the thread with a larger and sharper one, made by a model that "
            "learned from many photos what details look like."
        ),
        *([image] if picture else []),
        {
            "type": "section",
            "fields": [
                _text(f"*State*\n{state}"),
                _text(f"*Now*\n{working} at work, {waiting} waiting"),
                _text(f"*Today*\n{counts.enhanced} enhanced, {counts.bicubic} bicubic, {counts.refused} refused"),
            ],
        },
        {"type": "divider"},
        _section(usage(bot_user, limits)),
    ]
    return {"type": "home", "blocks": blocks}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}
