"""The picture formats: recognised by their first bytes, never by the file's name, and how each is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

Source = Callable[[], BinaryIO]
"""Opens a file anew, at its beginning."""


@dataclass(frozen=True)
class Format:
    """One picture format. `codec` is Pillow's name of it.

    `side` is the longest side that the format can hold, `transparent_pixels` the largest picture with transparency
    that is worth writing in it.
    """

    name: str
    codec: str
    suffix: str
    side: int = 2**31 - 1
    transparent_pixels: int = 2**62
    alpha: bool = True
    moves: bool = False
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    written_as: str = ""  # the result's format, where a still photo of this format gets another
    moving_as: str = ""  # the same for one that moves


# The result's size decides how long a reply takes: PNG at level 6 is four times slower than at level 1.
FORMATS = {
    fmt.name: fmt
    for fmt in (
        Format("JPEG", "JPEG", ".jpg", side=65_500, alpha=False, options={"quality": 92}),
        Format("PNG", "PNG", ".png", moves=True, options={"compress_level": 1}),
        # With alpha libwebp takes 25 bytes a pixel, without 6.
        Format(
            "WebP",
            "WEBP",
            ".webp",
            16_383,
            transparent_pixels=16_000_000,
            moves=True,
            options={"quality": 92, "method": 2},
        ),
        Format("TIFF", "TIFF", ".tif", options={"compression": "tiff_adobe_deflate"}),
        Format(
            "GIF", "GIF", ".gif", side=65_535, moves=True, written_as="PNG", moving_as="GIF"
        ),  # 256 colours would undo the work
        Format("BMP", "BMP", ".bmp", written_as="PNG"),
        Format("HEIC", "HEIF", ".heic", written_as="JPEG"),  # Slack shows no HEIC
        Format("AVIF", "AVIF", ".avif", written_as="JPEG", moving_as="WebP"),
        Format("JPEG 2000", "JPEG2000", ".jp2", written_as="JPEG"),
        Format("PSD", "PSD", ".psd", written_as="PNG"),
    )
}

known_formats = f"{', '.join(list(FORMATS)[:-1])} and {list(FORMATS)[-1]}"
"""Their names, as a sentence has them."""
HEAD = 64
"""How many of a file's first bytes tell its format."""

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),  # BigTIFF
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "PSD"),
)


def detect_format(head: bytes) -> Format | None:
    """The format of a file by its first HEAD bytes, or None."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return FORMATS[name]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FORMATS["WebP"]
    if head[4:8] == b"ftyp":
        brands = {head[at : at + 4] for at in (8, *range(16, min(HEAD, int.from_bytes(head[:4], "big")), 4))}
        if brands & {b"avif", b"avis"}:
            return FORMATS["AVIF"]
        if brands & _HEIC_BRANDS:
            return FORMATS["HEIC"]
    return None


def output_format(fmt: Format, moving: bool = False) -> Format:
    """The format of the result for a photo of this format."""
    return FORMATS[(moving and (fmt.moving_as or (fmt.moves and fmt.name))) or fmt.written_as or fmt.name]


def format_of_suffix(suffix: str) -> Format | None:
    """The format that a file name asks for (".jpg", ".JPEG", ".tiff" ...), if it can be written."""
    wanted = {".jpeg": ".jpg", ".tiff": ".tif"}.get(suffix.lower(), suffix.lower())
    return next((fmt for fmt in FORMATS.values() if fmt.suffix == wanted and not fmt.written_as), None)
