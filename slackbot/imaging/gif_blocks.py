"""The frames and extensions of a GIF, one after the other, without decoding any: it does not say how many there are."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

FRAME, EXTENSION, END = b",", b"!", b";"
_TABLE, _SIZE = 0x80, 7  # flags: there is a table of colours, of 2 << size entries


@dataclass(frozen=True)
class Block:
    """Places in the file: where it begins, where its data do, and where it ends, None where the file ends before."""

    frame: bool
    begin: int
    data: int
    end: int | None


def skip_header(file: BinaryIO) -> None:
    """To where the blocks of an opened GIF begin."""
    _skip_table(file, file.read(13)[10:11])


def blocks(file: BinaryIO) -> Iterator[Block]:
    """The blocks from here on, each as far as the file goes; what is none is passed over."""
    while (kind := file.read(1)) not in (b"", END):
        if kind not in (FRAME, EXTENSION):
            continue
        begin = file.tell() - 1
        if kind == FRAME:
            _skip_table(file, file.read(9)[8:])
        file.read(1)
        yield Block(kind == FRAME, begin, file.tell(), _after_data(file))


def count(file: BinaryIO, most: int) -> int:
    """The frames of an opened GIF; no more than `most` are looked for."""
    skip_header(file)
    return sum(1 for _ in islice((block for block in blocks(file) if block.frame), most))


def _skip_table(file: BinaryIO, flags: bytes) -> None:
    if flags and flags[0] & _TABLE:
        file.seek(3 * (2 << (flags[0] & _SIZE)), 1)


def _after_data(file: BinaryIO) -> int | None:
    while length := file.read(1):
        if length == b"\0":
            return file.tell()
        file.seek(length[0], 1)
    return None
