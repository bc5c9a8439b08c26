"""What Slack makes of a text that nobody marked as verbatim: addresses become links, and some names mentions.

docs.slack.dev/messaging/formatting-message-text#automatic-parsing
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

_MARKED = re.compile(r"(<[^<>]*>)")
_ADDRESS = re.compile(
    r"(?<![<|@\w.])(?:https?://[^\s<>|]+|(?:[\w-]+\.)+(?:com|org|net|io|dev|zip|mov)\b(?:/[^\s<>|]*)?)"
)
_GROUP = re.compile(r"(?<![\w<!])@(here|channel|everyone)\b")
_CHANNEL = re.compile(r"(?<![\w<&])#([a-z0-9_-]+)")
ChannelId = Callable[[str], str | None]


def parsed(text: str, channel_id: ChannelId) -> str:
    """The text as Slack keeps it; `channel_id` knows the id of a channel's name."""

    def channel(found: re.Match[str]) -> str:
        known = channel_id(found[1])
        return f"<#{known}|{found[1]}>" if known else found[0]

    def address(found: re.Match[str]) -> str:
        return f"<{found[0]}>" if found[0].startswith("http") else f"<http://{found[0]}|{found[0]}>"

    def outside(part: str) -> str:
        return _CHANNEL.sub(channel, _GROUP.sub(r"<!\1>", part))

    linked = "".join(part if marked else _ADDRESS.sub(address, part) for part, marked in _parts(text))
    return "".join(part if marked else outside(part) for part, marked in _parts(linked))


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it is a link or a mention already."""
    return ((part, index % 2 == 1) for index, part in enumerate(_MARKED.split(text)))


def parsed_blocks(blocks: list[dict[str, Any]], channel_id: ChannelId) -> list[dict[str, Any]]:
    """Blocks with every text of theirs that is mrkdwn and not verbatim parsed."""

    def walked(value: Any) -> Any:
        if isinstance(value, list):
            return [walked(one) for one in value]
        if not isinstance(value, dict):
            return value
        if value.get("type") == "mrkdwn" and not value.get("verbatim"):
            return {**value, "text": parsed(str(value.get("text", "")), channel_id)}
        return {name: walked(one) for name, one in value.items()}

    return walked(blocks)
