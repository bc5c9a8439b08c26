"""Hostile files through the sandbox: each is a picture or one clear sentence, within a second and 512 MB.

The files are `corpus.py`'s where CORPUS names their folder, else made here: what formats allow, and no good photo has.
"""

import os
import random
import struct
import zlib
from pathlib import Path

import pytest

from tests.png import chunk, png
from tests.security.corpus import PICTURE, replay, summary
from tests.security.seeds import seeds

pytestmark = pytest.mark.system


def tiff(*tags: tuple[int, int, int, int], after: int = 0) -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", after)


def made() -> dict[str, bytes]:
    """Hostile files by name."""
    bomb = zlib.compress(b"\0" * 100_000_000)
    size = ((256, 4, 1, 30_000), (257, 4, 1, 30_000))
    gif = seeds()["gif"]
    frame = gif[gif.index(b"\x21\xf9") : -1]
    files = {
        "sides.png": png(2**31 - 1, 2**31 - 1),
        "megapixels.png": png(60_000, 60_000),
        "no side.png": png(0, 5),
        "text bomb.png": png(1, 1, chunk(b"zTXt", b"a\0\0" + bomb)),
        "profile bomb.png": png(1, 1, chunk(b"iCCP", b"a\0\0" + bomb)),
        "many chunks.png": png(1, 1, chunk(b"tEXt", b"a\0b") * 100_000),
        "frames.png": png(1, 1, chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))),
        "rows bomb.png": png(3000, 1, rows=b"\0" * 100_000_000),
        "endless.gif": gif[:-1] + frame * 20_000,
        "loop.tif": tiff(after=8),
        "tags.tif": tiff(*size, (273, 4, 2**31, 8), (279, 4, 2**31, 8)),
        "giant strip.tif": tiff(*size, (258, 3, 1, 8), (259, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 2**32 - 1)),
        "sides.jpg": b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0",
        "markers.jpg": b"\xff\xd8" + b"\xff\xfe\0\4ab" * 200_000,
        "boxes.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\1meta" + b"\xff" * 8,
        "canvas.webp": b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0" + b"\xff" * 6 + b"\0" * 8,
        "sides.bmp": b"BM" + b"\0" * 12 + struct.pack("<IiiHHI", 40, 2**31 - 1, -(2**31), 1, 24, 0) + b"\0" * 40,
        "runs.bmp": b"BM" + b"\0" * 8 + struct.pack("<IIiiHHIIiiII", 54, 40, 4000, 4000, 1, 8, 1, 0, 0, 0, 0, 0)
        + b"\0\2\0\0" * 100_000,
        "nothing.png": b"",
    }  # fmt: skip
    chance = random.Random(0)
    for name, seed in seeds().items():
        files[f"{name} cut"] = seed[: len(seed) * 2 // 3]
        for number in range(3):
            data = bytearray(seed)
            for _ in range(1 + len(data) // 100):
                data[chance.randrange(len(data))] = chance.randrange(256)
            files[f"{name} {number}"] = bytes(data)
    return files


@pytest.mark.timeout(0)
def test_every_file_is_a_picture_or_a_sentence(tmp_path, figures):
    named = os.environ.get("CORPUS")
    if not named:
        for name, content in made().items():
            (tmp_path / name).write_bytes(content)
    opened = list(replay(Path(named) if named else tmp_path))

    assert {str(one.path): one.finding for one in opened if one.finding} == {}
    assert {one.said == PICTURE for one in opened} == {True, False}
    if named:
        figures.write("test_every_file_is_a_picture_or_a_sentence", summary(opened))
