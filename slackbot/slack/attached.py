"""The pictures of a message, wherever they stand: its files, those of forwarded messages, image blocks and links."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif")
_FILE_ID = re.compile(r"[/-](F[A-Z0-9]{5,})(?:[/?]|$)")
_LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>")


def files_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """File objects, or at least their ids: the message's own, those of messages it forwards, those its blocks show."""
    found: dict[str, dict[str, Any]] = {}
    for part in _parts(message):
        shown = ({"id": block["slack_file"].get("id")} for block in _images(part) if block.get("slack_file"))
        for file in (*(part.get("files") or ()), *shown):
            if file.get("id"):
                found.setdefault(file["id"], file)
    return list(found.values())


def linked_files(message: Mapping[str, Any], is_slack: Callable[[str], bool]) -> list[dict[str, Any]]:
    """Pictures that a message links to: the id of each that Slack itself serves, and a stub of each outside.

    `is_slack` says of an address whether it is Slack's; no other is ever fetched.
    """
    found: dict[str, dict[str, Any]] = {}
    for address in _addresses(message):
        path = _path(address)
        file_id = _FILE_ID.search(path) if is_slack(address) else None
        if file_id:
            found.setdefault(file_id[1], {"id": file_id[1]})
        elif _is_picture(address):
            name = PurePosixPath(unquote(path)).name
            found.setdefault(address, {"id": "", "name": name, "mode": "external"})
    return list(found.values())


def _parts(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield message
    yield from (one for one in message.get("attachments") or () if isinstance(one, Mapping))


def _images(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [block for block in part.get("blocks") or () if block.get("type") == "image"]


def _addresses(message: Mapping[str, Any]) -> Iterator[str]:
    yield from _LINK.findall(message.get("text") or "")
    for part in _parts(message):
        for block in _images(part):
            yield block.get("image_url") or (block.get("slack_file") or {}).get("url") or ""
    for attachment in message.get("attachments") or ():
        source = attachment.get("from_url") or ""
        if not source or _is_picture(source):  # else it is the picture beside a link to a page
            yield attachment.get("image_url") or ""
        yield from _LINK.findall(attachment.get("text") or "") if attachment.get("is_share") else ()


def _is_picture(address: str) -> bool:
    return _path(address).lower().endswith(_SUFFIXES)


def _path(address: str) -> str:
    """The path of an address; empty where it is malformed, as people's links may be."""
    try:
        return urlsplit(address).path
    except ValueError:
        return ""
