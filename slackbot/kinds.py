"""The kinds of picture: recognised by their first bytes, never by their name, and how each is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One kind of picture. `format` is Pillow's name.

    `side` is the longest side that the format can hold; `pixels` the largest picture worth writing in it, and
    `clear_pixels` the largest one that can be seen through.
    """

    name: str
    format: str
    suffix: str
    side: int = 2**31 - 1
    pixels: int = 2**62
    clear_pixels: int = 2**62
    alpha: bool = True
    moves: bool = False
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    written_as: str = ""  # the kind of the answer to one that does not move, where it is another


# The result's size decides how long a reply takes: PNG at level 6 is four times slower than at level 1.
KINDS = {
    kind.name: kind
    for kind in (
        Kind("JPEG", "JPEG", ".jpg", side=65_500, alpha=False, options={"quality": 92}),
        Kind("PNG", "PNG", ".png", moves=True, options={"compress_level": 1}),
        # The bot's memory decides how large one may be: libwebp takes 6 bytes a pixel, and 25 where there is alpha.
        Kind("WebP", "WEBP", ".webp", 16_383, 32_000_000, 16_000_000, moves=True, options={"quality": 92, "method": 2}),
        Kind("TIFF", "TIFF", ".tif", options={"compression": "tiff_adobe_deflate"}),
        Kind("GIF", "GIF", ".gif", side=65_535, moves=True, written_as="PNG"),  # 256 colours would undo the work
        Kind("BMP", "BMP", ".bmp", written_as="PNG"),
        Kind("HEIC", "HEIF", ".heic", written_as="JPEG"),  # Slack shows no HEIC
    )
}

_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def kind_of(head: bytes) -> Kind | None:
    """The kind of a file by its first 16 bytes, or None."""
    for magic, name in (
        (b"\xff\xd8\xff", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"BM", "BMP"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
    ):
        if head.startswith(magic):
            return KINDS[name]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return KINDS["WebP"]
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return KINDS["HEIC"]
    return None


def answer_kind(kind: Kind, moving: bool = False) -> Kind:
    """The kind that a photo of this kind is answered in."""
    return kind if moving and kind.moves else KINDS[kind.written_as or kind.name]


def clear_kind(kind: Kind, pixels: int) -> Kind:
    """`kind`, or another one where it cannot hold a result of so many pixels that can be seen through."""
    return kind if kind.alpha and pixels <= kind.clear_pixels else KINDS["PNG"]


def kind_of_suffix(suffix: str) -> Kind | None:
    """The kind that a file name asks for (".jpg", ".JPEG", ".tiff" ...), if it can be written."""
    wanted = {".jpeg": ".jpg", ".tiff": ".tif"}.get(suffix.lower(), suffix.lower())
    return next((kind for kind in KINDS.values() if kind.suffix == wanted and not kind.written_as), None)
