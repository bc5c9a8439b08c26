"""Attachments that Slack itself makes: of a forwarded message, and of a link to a picture."""

from typing import Any

from playground.seed import TEAM, Channel


def forwarded(channel: Channel, message: dict[str, Any], base_url: str) -> dict[str, Any]:
    """A message as an attachment of the one that forwards it; its `files` are ids, as in the workspace's messages."""
    link = f"{base_url}/archives/{channel.id}/p{message['ts'].replace('.', '')}"
    place = "Direct message" if channel.kind == "im" else f"Posted in #{channel.name}"
    return {
        "id": 1,
        "ts": message["ts"],
        "channel_id": channel.id,
        "channel_team": TEAM["id"],
        "author_id": message["user"],
        "author_link": f"{base_url}/team/{message['user']}",
        "text": message.get("text", ""),
        "fallback": message.get("text", ""),
        "from_url": link,
        "original_url": link,
        "is_msg_unfurl": True,
        "is_share": True,
        "footer": place,
        "mrkdwn_in": ["text"],
        **({"files": message["files"]} if message.get("files") else {}),
    }


def unfurled(number: int, file: dict[str, Any]) -> dict[str, Any]:
    """A link to a picture, as the attachment that shows it. `file` is a file object."""
    return {
        "id": number,
        "fallback": file["title"],
        "title": file["title"],
        "title_link": file["permalink"],
        "from_url": file["permalink"],
        "original_url": file["permalink"],
        "image_url": file["url_private"],
        "image_width": file["original_w"],
        "image_height": file["original_h"],
        "image_bytes": file["size"],
    }
