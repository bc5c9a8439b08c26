"""A file that someone shared in Slack, as far as the bot needs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slackbot.imaging.names import clean_name

_GONE_MODES = ("tombstone", "external", "hidden_by_limit")
_GONE_ACCESS = ("access_denied", "file_not_found")


@dataclass(frozen=True)
class SharedFile:
    """A file's id, its cleaned name, its size in bytes as Slack says, and the private address of its content.

    The address is empty where there is nothing to fetch: deleted, external, hidden, or not the bot's to see.
    """

    id: str
    name: str
    size: int
    address: str
    is_page: bool = False  # HTML itself, and so no sign of Slack's login page
    is_external: bool = False  # Slack only knows where it is


def needs_look(file: Mapping[str, Any]) -> bool:
    """Whether this is a stub (Slack Connect, or only an id) that `files.info` has to complete."""
    return file.get("file_access") == "check_file_info" or not (file.get("mode") or file.get("url_private"))


def gone(file_id: str) -> dict[str, Any]:
    """The file object of one that is deleted, or not to be seen."""
    return {"id": file_id, "mode": "tombstone"}


def shared_file(file: Mapping[str, Any]) -> SharedFile:
    """A file object of Slack's as a SharedFile."""
    is_gone = file.get("mode") in _GONE_MODES or file.get("file_access") in _GONE_ACCESS
    return SharedFile(
        id=file["id"],
        name=clean_name(file.get("name") or file.get("title") or ""),
        size=file.get("size") or 0,
        address="" if is_gone else file.get("url_private_download") or file.get("url_private") or "",
        is_page=file.get("mimetype") == "text/html",
        is_external=file.get("mode") == "external",
    )
