"""The App Home, as Block Kit: what the bot does, a picture of it, how it is and how to use it."""

from typing import Any

from slackbot import replies
from slackbot.limits import Limits
from slackbot.notebook import Counts


def home(bot_user: str, model: bool, counts: Counts, working: int, waiting: int, picture: str, limits: Limits) -> dict:
    """The view. `model` says whether the model server is well; `picture` is the id of a file of Slack's, or empty."""
    image = {"type": "image", "slack_file": {"id": picture}, "alt_text": replies.HOME_PICTURE}
    figures = replies.home_figures(model, working, waiting, counts.enhanced, counts.bicubic, counts.refused)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": replies.HOME_TITLE}},
        _section(replies.home_welcome(bot_user)),
        *([image] if picture else []),
        {"type": "section", "fields": [_text(figure) for figure in figures]},
        {"type": "divider"},
        _section(replies.ways(limits)),
    ]
    return {"type": "home", "blocks": blocks}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}
