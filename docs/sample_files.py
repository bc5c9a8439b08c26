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
_MODES = {"L": 1, "RGB": 3, "RGBA": 3, "CMYK": 4}


def psd(image: Image.Image, layers: int = 0, icc: bytes = b"", bits: int = 8) -> bytes:
    """A Photoshop file with `image` as its flat picture, uncompressed.

    A fourth channel beside RGB is transparency where `layers` is negative, which is how Photoshop says it, and else a
    selection; the layers are empty. CMYK is stored as its negative.
    """
    pixels = np.asarray(image).reshape(image.height, image.width, -1)
    if image.mode == "CMYK":
        pixels = 255 - pixels
    planes = pixels.transpose(2, 0, 1).repeat(bits // 8, 2).tobytes()
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, pixels.shape[2], *image.size[::-1], bits, _MODES[image.mode])
    resource = b"8BIM" + struct.pack(">H2xI", 1039, len(icc)) + icc + b"\0" * (len(icc) % 2) if icc else b""
    record = bytes(18) + b"8BIMnorm\xff\0\0\0" + struct.pack(">I", 12) + bytes(12)
    about = struct.pack(">h", layers) + record * abs(layers)
    about = _with_length(_with_length(about) + bytes(4)) if layers else bytes(4)
    return head + bytes(4) + _with_length(resource) + about + b"\0\0" + planes


def _with_length(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def jp2_with_profile(content: bytes, icc: bytes) -> bytes:
    """A JP2 of sRGB with a colour profile in the place of that."""
    said = struct.pack(">I4sBBBI", 15, b"colr", 1, 0, 0, 16)
    box = struct.pack(">I4sBBB", 11 + len(icc), b"colr", 2, 0, 0) + icc
    header = content.find(b"jp2h") - 4
    length = int.from_bytes(content[header : header + 4], "big") + len(box) - len(said)
    return content[:header] + struct.pack(">I", length) + content[header + 4 :].replace(said, box)
