"""A file that someone shared in Slack, as far as the bot needs it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

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


def needs_look(file: Mapping[str, Any]) -> bool:
    """Whether this is a stub (Slack Connect, or only an id) that `files.info` has to complete."""
    return file.get("file_access") == "check_file_info" or not (file.get("mode") or file.get("url_private"))


def shared_file(file: Mapping[str, Any]) -> SharedFile:
    """A file object of Slack's as a SharedFile."""
    gone = file.get("mode") in _GONE_MODES or file.get("file_access") in _GONE_ACCESS
    return SharedFile(
        id=file["id"],
        name=clean_name(file.get("name") or file.get("title") or ""),
        size=file.get("size") or 0,
        address="" if gone else file.get("url_private_download") or file.get("url_private") or "",
        is_page=file.get("mimetype") == "text/html",
    )


def clean_name(name: str) -> str:
    """A name without folders, control and formatting characters, at most 80 characters; never empty."""
    last = re.split(r"[/\\]", name)[-1]
    seen = (letter for letter in last if letter.isspace() or not unicodedata.category(letter).startswith("C"))
    plain = "".join(seen)
    path = PurePosixPath(" ".join(plain.split()).lstrip("."))
    stem, suffix = path.stem[: 80 - len(path.suffix[:10])], path.suffix[:10]
    return (stem + suffix) or "photo"


def answer_name(name: str, scale: int, suffix: str) -> str:
    """The name of the result: `cat.jpg` -> `cat_4x.jpg`."""
    return f"{PurePosixPath(name).stem or 'photo'}_{scale}x{suffix}"


def comparison_name(name: str, suffix: str) -> str:
    """The name of the comparison: `cat.jpg` -> `cat_compare.jpg`."""
    return f"{PurePosixPath(name).stem or 'photo'}_compare{suffix}"
