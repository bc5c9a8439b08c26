"""The directories of a TIFF, which tell a camera's raw file from a picture, and pages from thumbnails (TIFF 6.0)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from slackbot.imaging.formats import Source

_SUBFILE, _PHOTOMETRIC, _CHILDREN, _DNG_VERSION = 254, 262, 330, 50706
_SENSOR = (32803, 34892)  # a colour filter array, and linear raw
_REDUCED, _MASK = 1, 4
_MOST, _MOST_CHILDREN = 10_000, 16
# Raw files that are no TIFF, by their first bytes.
_RAW_MAGIC = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM")


@dataclass(frozen=True)
class Directory:
    """What counts of one: its place among the pages, whether it is a thumbnail or a mask, and its sensor's pixels."""

    is_page: bool
    is_sensor: bool
    children: tuple[int, ...]  # where they begin


def is_raw(source: Source) -> bool:
    """Whether a file holds what a camera's sensor saw, whatever previews it has beside that."""
    with source() as file:
        head = file.read(16)
        if head.startswith(_RAW_MAGIC) or head[4:12] == b"ftypcrx ":
            return True
        if head[8:10] == b"CR" and head[:4] == b"II*\0":
            return True
        for directory in _chain(file):
            begins = directory.children[:_MOST_CHILDREN]
            if directory.is_sensor or any(_read(file, begin)[0].is_sensor for begin in begins):
                return True
    return False


def pages(source: Source) -> list[int]:
    """The numbers of those directories that are pages, from 0, as Pillow counts; [0] where that is not known."""
    with source() as file:
        return [number for number, directory in enumerate(_chain(file)) if directory.is_page] or [0]


def _chain(file: BinaryIO) -> Iterator[Directory]:
    """All directories but children, as long as they can be read."""
    file.seek(0)
    head = file.read(16)
    if head[:2] not in (b"II", b"MM") or len(head) < 16:
        return
    order = _order(head)
    begin = struct.unpack(f"{order}I", head[4:8])[0] if _is_small(head) else struct.unpack(f"{order}Q", head[8:])[0]
    seen: set[int] = set()
    while begin and begin not in seen and len(seen) < _MOST:
        seen.add(begin)
        directory, begin = _read(file, begin)
        yield directory


def _read(file: BinaryIO, begin: int) -> tuple[Directory, int]:
    """A directory and where the next begins, or 0."""
    file.seek(0)
    head = file.read(4)
    order, small = _order(head), _is_small(head)
    count, entry, offset = ("H", "HHI4s", "I") if small else ("Q", "HHQ8s", "Q")
    found: dict[int, tuple[int, ...]] = {}
    try:
        file.seek(begin)
        (number,) = struct.unpack(f"{order}{count}", file.read(struct.calcsize(f"{order}{count}")))
        size = struct.calcsize(f"{order}{entry}")
        content = file.read(min(number, 65_535) * size)
        following = file.read(struct.calcsize(f"{order}{offset}"))
        for tag, kind, values, field in struct.iter_unpack(f"{order}{entry}", content):
            if tag in (_SUBFILE, _PHOTOMETRIC, _CHILDREN, _DNG_VERSION):
                found[tag] = _values(file, order, kind, values, field)
        (following,) = struct.unpack(f"{order}{offset}", following)
    except (struct.error, OSError, ValueError, OverflowError):
        following = 0
    subfile = (found.get(_SUBFILE) or (0,))[0]
    sensor = _DNG_VERSION in found or (found.get(_PHOTOMETRIC) or (0,))[0] in _SENSOR
    return Directory(not subfile & (_REDUCED | _MASK), sensor, found.get(_CHILDREN, ())), following


def _values(file: BinaryIO, order: str, kind: int, number: int, field: bytes) -> tuple[int, ...]:
    """Whole numbers of an entry: in its field where they fit, else where that says. Few are needed of many."""
    letter = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(kind)
    if letter is None:
        return ()
    form = f"{order}{min(number, _MOST_CHILDREN)}{letter}"
    size = struct.calcsize(form)
    if struct.calcsize(f"{order}{letter}") * number > len(field):
        file.seek(struct.unpack(f"{order}{'I' if len(field) == 4 else 'Q'}", field)[0])
        field = file.read(size)
    return struct.unpack(form, field[:size])


def _order(head: bytes) -> str:
    return "<" if head[:2] == b"II" else ">"


def _is_small(head: bytes) -> bool:
    """Whether it is the usual kind and no BigTIFF."""
    return head[2:4] in (b"*\0", b"\0*")
