"""Small files that no library here writes: for samples and tests."""

import base64
import struct

import numpy as np
from PIL import Image

# 8x8 pixels of 10 bits, by libavif's avifenc.
DEEP_AVIF = base64.b64decode(
    "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAA"
    "AGxpYmF2aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAABsAAAAoaWluZgAAAAAAAQAAABppbmZl"
    "AgAAAAABAABhdjAxQ29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAAAgAAAAIAAAAEHBpeGkAAAAAAwoKCgAAAAxh"
    "djFDgSBAAAAAABNjb2xybmNseAABAA0ABoAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAACNtZGF0EgAKCDgIv2MBDQaQMg0bQCOO"
    "OMQAAJ41aUhA"
)
_MODES = {"1": 0, "L": 1, "RGB": 3, "RGBA": 3, "CMYK": 4, "LAB": 9}


def psd(
    image: Image.Image,
    layers: int = 0,
    icc: bytes = b"",
    bits: int = 8,
    more: tuple[Image.Image, ...] = (),
    packed: bool = False,
) -> bytes:
    """A Photoshop file with `image` as its flat picture, and `more` channels (L) after it.

    The first channel after the colours is transparency where `layers` is negative, which is how Photoshop says it, and
    else a selection; the layers are empty. CMYK and bitmaps are stored as their negatives.
    `packed`: by run lengths.
    """
    # Of Lab Pillow's own array has signed numbers, its channels have those of the file.
    colours = [np.asarray(channel) for channel in image.split()]
    if image.mode == "CMYK":
        colours = [255 - channel for channel in colours]
    elif image.mode == "1":
        bits, colours = 1, [np.packbits(~channel, axis=1) for channel in colours]
    planes = np.stack([*colours, *map(np.asarray, more)]).repeat(max(1, bits // 8), 2)
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(planes), *image.size[::-1], bits, _MODES[image.mode])
    resource = b"8BIM" + struct.pack(">H2xI", 1039, len(icc)) + icc + b"\0" * (len(icc) % 2) if icc else b""
    record = bytes(18) + b"8BIMnorm\xff\0\0\0" + struct.pack(">I", 12) + bytes(12)
    about = struct.pack(">h", layers) + record * abs(layers)
    about = _with_length(_with_length(about) + bytes(4)) if layers else bytes(4)
    data = _packed(planes) if packed else b"\0\0" + planes.tobytes()
    return head + bytes(4) + _with_length(resource) + about + data


def _packed(planes: np.ndarray) -> bytes:
    """PackBits without any run: the length of a piece, less one, stands before it. The rows' lengths come first."""
    rows = [
        b"".join(bytes([len(piece) - 1]) + piece for at in range(0, len(row), 128) if (piece := row[at : at + 128]))
        for row in map(bytes, planes.reshape(-1, planes.shape[2]))
    ]
    return b"\0\1" + struct.pack(f">{len(rows)}H", *map(len, rows)) + b"".join(rows)


def _with_length(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def jp2_with_profile(content: bytes, icc: bytes) -> bytes:
    """A JP2 of sRGB with a colour profile in the place of that."""
    said = struct.pack(">I4sBBBI", 15, b"colr", 1, 0, 0, 16)
    box = struct.pack(">I4sBBB", 11 + len(icc), b"colr", 2, 0, 0) + icc
    header = content.find(b"jp2h") - 4
    length = int.from_bytes(content[header : header + 4], "big") + len(box) - len(said)
    return content[:header] + struct.pack(">I", length) + content[header + 4 :].replace(said, box)
