"""How a file was compressed, so that its result is compressed no worse."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, JpegImagePlugin

from slackbot.imaging.formats import Source
from slackbot.imaging.neighbourhood import around

Tables = tuple[tuple[int, ...], ...]
_SAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")


@dataclass(frozen=True)
class Coding:
    """`sampling` of the colours, as 4:2:0, or empty where nobody knows; `tables` of a JPEG, for brightness and colours.

    `lossless` tells of WebP, which can be both. `drawn` says that it looks like text or a drawing, which JPEG blurs.
    """

    sampling: str = ""
    tables: Tables = ()
    lossless: bool = False
    drawn: bool = False


def read(image: Image.Image, source: Source) -> Coding:
    """How an opened file was compressed."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        found = JpegImagePlugin.get_sampling(image) if getattr(image, "layers", 0) == 3 else 2
        tables = tuple(tuple(table) for _, table in sorted(image.quantization.items())[:2] if len(table) == 64)
        return Coding(_SAMPLINGS[max(0, found)], tables)  # of the rarer ones none has more than 4:4:4
    if image.format == "WEBP":
        lossless = _is_lossless(source)
        return Coding("4:4:4" if lossless else "4:2:0", lossless=lossless)
    if image.format == "HEIF":
        return Coding({444: "4:4:4", 422: "4:2:2"}.get(int(image.info.get("chroma") or 420), "4:2:0"))
    if image.format == "AVIF":
        return Coding(_sampling_of_av1(source))
    return Coding("4:4:4")


def options(coding: Coding, codec: str) -> dict[str, Any]:
    """What Pillow's `save` needs beside the format's own options, of which `quality` is replaced."""
    if codec == "JPEG":
        sampling = {"subsampling": coding.sampling} if coding.sampling else {}
        return sampling | ({"quality": -1, "qtables": _finer(coding.tables)} if coding.tables else {})
    if codec == "WEBP" and coding.lossless:
        return {"lossless": True, "quality": 20, "method": 1}  # effort: a quarter of a second a megapixel
    return {}


def is_drawn(image: Image.Image) -> bool:
    """Whether an RGB picture is mostly areas of few colours with sharp edges between them, as text on a page is."""
    side = 1024
    left, top = (max(0, (length - side) // 2) for length in image.size)
    middle = image.crop((left, top, min(image.width, left + side), min(image.height, top + side)))
    grey = np.asarray(middle.convert("L"))
    spreads = np.bincount((around(grey, np.maximum, 1) - around(grey, np.minimum, 1)).ravel(), minlength=256)
    red, green, blue = (np.asarray(middle) >> 4).astype(np.int32).transpose(2, 0, 1)
    colours = np.sort(np.bincount((red << 8 | green << 4 | blue).ravel()))
    flat, sharp, few = spreads[:4].sum(), spreads[100:].sum(), colours[-4:].sum()
    pixels = spreads.sum()
    return bool(flat > 0.25 * pixels and sharp > 0.03 * pixels and few > 0.7 * pixels)


def _finer(tables: Tables) -> list[list[int]]:
    """Nowhere coarser than the file's own tables, nor than what Pillow takes for a quality of 92."""
    both = zip((tables[0], tables[-1]), _usual_tables(), strict=True)
    return [[min(pair) for pair in zip(own, usual, strict=True)] for own, usual in both]


@cache
def _usual_tables() -> Tables:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", quality=92)
    with Image.open(out) as image:
        assert isinstance(image, JpegImagePlugin.JpegImageFile)  # noqa: S101 - for pyright
        return tuple(tuple(image.quantization[index]) for index in (0, 1))


def _is_lossless(source: Source) -> bool:
    """Whether all pictures of a WebP are."""
    with source() as file:
        kinds = set(_picture_chunks(file))
    return b"VP8L" in kinds and b"VP8 " not in kinds


def _picture_chunks(file: BinaryIO) -> Iterator[bytes]:
    """Names of the chunks in a WebP, those in its frames included."""
    file.seek(12)
    for _ in range(10_000):
        head = file.read(8)
        if len(head) < 8:
            return
        yield head[:4]
        if head[:4] == b"ANMF":
            file.seek(16, io.SEEK_CUR)  # and then the frame's own chunks
        else:
            size = int.from_bytes(head[4:], "little")
            file.seek(size + size % 2, io.SEEK_CUR)


def is_deep(image: Image.Image, source: Source) -> bool:
    """Whether a file that is not loaded yet has more than 8 bits a channel; Pillow's mode does not say it of colour."""
    if image.format == "AVIF":
        return bool((_av1_flags(source) or 0) & 0x40)
    if image.format == "JPEG2000":  # the SIZ marker says it of the first channel, less one
        bits = _after(source, b"\xff\x4f\xff\x51", 38, 1)
        return bool(bits) and bits[0] & 0x7F > 7
    tiles = getattr(image, "tile", None) if image.format in ("PNG", "TIFF") else None
    raw = str(tiles[0].args) if tiles else ""
    return image.mode.startswith(("I", "F")) or ";16" in raw or image.info.get("bit_depth", 8) > 8


def _sampling_of_av1(source: Source) -> str:
    flags = _av1_flags(source)
    return "" if flags is None else {0: "4:4:4", 2: "4:2:2"}.get(flags >> 2 & 3, "4:2:0")


def _av1_flags(source: Source) -> int | None:
    """Of the `av1C` box, which Pillow leaves out: more than 8 bits (0x40), colours half across (8) and down (4)."""
    flags = _after(source, b"av1C", 2, 1)
    return flags[0] if flags else None


def _after(source: Source, mark: bytes, skip: int, count: int) -> bytes:
    """Bytes of a file's beginning, some after a mark; empty where it has none."""
    with source() as file:
        head = file.read(65_536)
    at = head.find(mark)
    return head[at + len(mark) + skip :][:count] if at >= 0 else b""
