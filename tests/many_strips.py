"""A TIFF whose header takes many times the file to read."""

import struct


def many_strips(count: int) -> bytes:
    """16 x 16 grey pixels, said to be in so many strips, an even number: Pillow keeps some 200 bytes for each."""
    pixels = bytes(range(256))
    tags = {256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: 8, 279: 0}
    begin = 8 + 2 + 12 * len(tags) + 4
    tables = {273: begin + len(pixels), 279: begin + len(pixels) + 4 * count}
    entries = [(tag, 4, count if tag in tables else 1, tables.get(tag, value)) for tag, value in tags.items()]
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    halves = struct.pack("<II", begin, begin + 128)
    return head + bytes(4) + pixels + halves * (count // 2) + struct.pack("<I", 128) * count
