"""HEIC files as phones write them: tiles of 512x512 pixels under a grid (ISO/IEC 23008-12, 6.6.2.3)."""

import io
import math
import struct
from collections.abc import Sequence
from typing import Any

import pillow_heif
from PIL import Image

SIDE = 512
Options = dict[str, Any]


def tiled_heic(
    size: tuple[int, int],
    tiles: Sequence[bytes],
    turns: int = 0,
    extra: bytes = b"",
    twin: bytes = b"",
    side: int = SIDE,
) -> bytes:
    """A HEIC of this width and height, whose tiles are these in turn, row by row.

    A tile is a HEIC of `side` x `side` pixels. `turns` is a quarter of a turn anticlockwise. `extra` are
    property boxes of the whole picture, such as `colr`. `twin` is the kind of a group of two, of which the second has
    the same tiles.
    """
    columns, rows = (math.ceil(length / side) for length in size)
    known = [_parts(tile) for tile in tiles]
    assert len({configuration for configuration, _ in known}) == 1, "all tiles have one decoder configuration"
    data = [known[index % len(known)][1] for index in range(rows * columns)]
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *size)
    own = [
        _box(b"ispe", struct.pack(">II", *size), version=0),
        *((_box(b"irot", bytes([turns])),) if turns else ()),
        *((extra,) if extra else ()),
    ]
    return _file([grid, *data, *((grid,) if twin else ())], known[0][0], own, twin, side)


def encoded(tile: Image.Image, **options: Any) -> bytes:
    """A HEIC of one tile."""
    file = pillow_heif.from_pillow(tile)
    out = io.BytesIO()
    file.save(out, quality=options.pop("quality", 60), **options)
    return out.getvalue()


def _parts(heic: bytes) -> tuple[bytes, bytes]:
    """The decoder configuration and the pictures' data of a file of one picture."""
    at = heic.find(b"hvcC") - 4
    configuration = heic[at : at + struct.unpack(">I", heic[at : at + 4])[0]]
    at = heic.find(b"mdat") - 4
    return configuration, heic[at + 8 : at + struct.unpack(">I", heic[at : at + 4])[0]]


def _box(kind: bytes, *content: bytes, version: int | None = None, flags: int = 0) -> bytes:
    head = b"" if version is None else struct.pack(">I", version << 24 | flags)
    whole = head + b"".join(content)
    return struct.pack(">I4s", 8 + len(whole), kind) + whole


def _file(items: list[bytes], configuration: bytes, whole: list[bytes], twin: bytes, side: int) -> bytes:
    """Item 1 is the grid, the last one its twin if any, the others their tiles. `whole` are properties of grids."""
    number = len(items)
    grids = [1, number] if twin else [1]
    tiles = range(2, number + 2 - len(grids))
    kinds = {one: b"hvc1" if one in tiles else b"grid" for one in range(1, number + 1)}
    about = [
        _box(b"infe", struct.pack(">HH4sx", one, 0, kind), version=2, flags=one in tiles)  # which hides tiles
        for one, kind in kinds.items()
    ]
    properties = [configuration, _box(b"ispe", struct.pack(">II", side, side), version=0), *whole]
    own = bytes(range(3, len(properties) + 1))
    used = dict.fromkeys(tiles, b"\x02\x81\x02") | {one: bytes([len(own)]) + own for one in grids}
    uses = [struct.pack(">H", one) + used[one] for one in sorted(used)]
    references = [_box(b"dimg", struct.pack(f">HH{len(tiles)}H", one, len(tiles), *tiles)) for one in grids]
    group = _box(b"grpl", _box(twin, struct.pack(">4I", 100, 2, 1, number), version=0)) if twin else b""
    head = _box(b"ftyp", b"heic\0\0\0\0mif1heic")

    def meta(begin: int) -> bytes:
        places, at = [], begin
        for index, data in enumerate(items):
            places.append(struct.pack(">HHHII", index + 1, 0, 1, at, len(data)))
            at += len(data)
        return _box(
            b"meta",
            _box(b"hdlr", struct.pack(">I4s12xx", 0, b"pict"), version=0),
            _box(b"pitm", struct.pack(">H", 1), version=0),
            _box(b"iloc", struct.pack(">BBH", 0x44, 0, number), *places, version=0),
            _box(b"iinf", struct.pack(">H", number), *about, version=0),
            _box(b"iref", *references, version=0),
            _box(b"iprp", _box(b"ipco", *properties), _box(b"ipma", struct.pack(">I", number), *uses, version=0)),
            group,
            version=0,
        )

    begin = len(head) + len(meta(0)) + 8
    return head + meta(begin) + _box(b"mdat", *items)
