"""PNG files that no encoder would write."""

import struct
import zlib


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, *chunks: bytes, rows: bytes = b"\0" * 64, bits: int = 8, colours: bool = True
) -> bytes:
    """An RGB or grey PNG that claims a size; whether its rows have that many pixels is the caller's business."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 2 * colours, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
