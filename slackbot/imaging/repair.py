"""Files that browsers show though they break the rules, as sound files: cut at their end, or with bad extras.

Only what Pillow has refused comes here. What is left out may be a text or an animation; of pixels, a small part.
"""

import io
import random
import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from slackbot.imaging import bmp, cut_gif

_MISSING = 0.04  # the share of its pixels that may be missing
_PIECE = 4096
_SCALE = 8  # a JPEG is looked at in an eighth of its size, which costs little
_MARKER = re.compile(rb"\xff[^\0\x01\xd0-\xd8\xff]")  # one with a length
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What changes how a PNG looks, with the bytes that each has at least. Texts and animations are left out.
_EXTRAS = {
    b"cHRM": 32,
    b"cICP": 4,
    b"eXIf": 8,
    b"gAMA": 4,
    b"iCCP": 8,
    b"pHYs": 9,
    b"sRGB": 1,
    b"tRNS": 1,
}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def repaired(content: bytes, codec: str) -> tuple[bytes, bool] | None:
    """A sound file of the same kind, and whether a part of the picture is lost; None where there is too little of it.

    `codec` is Pillow's name of the kind.
    """
    repair = {"JPEG": _jpeg, "PNG": _png, "BMP": _bmp, "GIF": _gif, "WEBP": _webp}.get(codec)
    return repair(content) if repair else None


def _bmp(content: bytes) -> tuple[bytes, bool] | None:
    return bmp.plain(content, _MISSING)


def _gif(content: bytes) -> tuple[bytes, bool] | None:
    whole = cut_gif.whole(content, _MISSING)
    return (whole, True) if whole else None


def _webp(content: bytes) -> tuple[bytes, bool] | None:
    """Without the chunk that is cut: a frame of an animation, or metadata. A single picture is not shown when cut."""
    at, kept, cut = 12, list[bytes](), b""
    while at + 8 <= len(content):
        length = 8 + int.from_bytes(content[at + 4 : at + 8], "little")
        chunk = content[at : at + length]
        if len(chunk) < length:
            cut = chunk[:4]
            break
        kept.append(chunk + bytes(length % 2))
        at += length + length % 2
    if not any(chunk.startswith((b"VP8 ", b"VP8L", b"ANMF")) for chunk in kept):
        return None
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body, cut == b"ANMF"


def _jpeg(content: bytes) -> tuple[bytes, bool] | None:
    """With an end marker. What is missing shows itself by looking different when other data follow."""
    content = content[: _whole_segments(content)].rstrip(b"\xff")
    noise = random.Random(0).randbytes(65_536).replace(b"\xff", b"\0")  # noqa: S311 - nothing secret
    looks = [_glance(content + more + b"\xff\xd9") for more in (b"", noise)]
    differing = (looks[0] != looks[1]).any(axis=-1).mean()
    return (content + b"\xff\xd9", bool(differing)) if differing <= _MISSING else None


def _whole_segments(content: bytes) -> int:
    """Where a JPEG's last whole segment ends, be it cut itself where it holds pixels."""
    at = 2
    while found := _MARKER.search(content, at):
        begin = found.start()
        length = int.from_bytes(content[begin + 2 : begin + 4], "big")
        at = begin + 2 + length
        if length < 2 or at > len(content):
            return begin
    return len(content)


def _glance(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
        image.draft("RGB", (max(1, image.width // _SCALE), max(1, image.height // _SCALE)))
        return np.asarray(image.convert("RGB"))


def _png(content: bytes) -> tuple[bytes, bool] | None:
    """The chunks that make the picture, in their order, and its pixels compressed anew."""
    chunks = list(_chunks(content))
    heads = [data for kind, data, sound in chunks if kind == b"IHDR" and sound and len(data) == 13]
    if not heads:
        return None
    found = _pixels(b"".join(data for kind, data, _ in chunks if kind == b"IDAT"), _length(heads[0]))
    if found is None:
        return None
    pixels, lost = found
    before = [_chunk(kind, data) for kind, data, sound in chunks if sound and _is_kept(kind, data)]
    moved = any(kind == b"fcTL" for kind, _, _ in chunks)
    parts = [_SIGNATURE, _chunk(b"IHDR", heads[0]), *before, _chunk(b"IDAT", pixels), _chunk(b"IEND", b"")]
    return b"".join(parts), lost or moved


def _is_kept(kind: bytes, data: bytes) -> bool:
    """Whether a chunk before the pixels belongs to the picture, and holds what it must."""
    if kind not in _EXTRAS:
        return kind == b"PLTE"
    return len(data) >= _EXTRAS[kind] and _unpacks(kind, data)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Kind, data and whether the checksum is right; the last one may be cut."""
    at = len(_SIGNATURE)
    while at + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        data, checksum = content[at + 8 : at + 8 + length], content[at + 8 + length : at + 12 + length]
        yield kind, data, checksum == struct.pack(">I", zlib.crc32(kind + data))
        at += 12 + length
        if kind == b"IEND":
            return


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _unpacks(kind: bytes, data: bytes) -> bool:
    """Whether a profile, if it is one, can be unpacked."""
    if kind != b"iCCP":
        return True
    _, _, packed = data.partition(b"\0")
    try:
        unpacking = zlib.decompressobj()
        unpacking.decompress(packed[1:], 2**20)
    except zlib.error:
        return False
    return packed[:1] == b"\0" and unpacking.eof


def _length(head: bytes) -> int:
    """Bytes of all rows of a PNG, each with its filter byte; 0 where the header makes no sense."""
    width, height, bits, colours, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    bits *= _CHANNELS.get(colours, 0)
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns, rows = max(0, -(-(width - left) // across)), max(0, -(-(height - top) // down))
        total += rows * (1 + (columns * bits + 7) // 8) if columns else 0
    return total if bits else 0


def _pixels(data: bytes, length: int) -> tuple[bytes, bool] | None:
    """The rows packed again, black where they are missing, and whether any are; None where too many are.

    The checksum at the end is not looked at: browsers show the picture all the same.
    """
    unpacking, packing = zlib.decompressobj(-15), zlib.compressobj(1)
    packed, done = [], 0
    for at in range(2, len(data), _PIECE):  # after zlib's two bytes
        try:
            rows = unpacking.decompress(data[at : at + _PIECE])
        except zlib.error:
            break
        packed.append(packing.compress(rows[: length - done]))
        done += len(rows)
        if done >= length:
            break
    missing = max(0, length - done)
    if not length or missing > _MISSING * length:
        return None
    packed += [packing.compress(bytes(missing)), packing.flush()]
    return b"".join(packed), missing > 0
