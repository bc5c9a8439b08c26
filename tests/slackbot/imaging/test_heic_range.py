"""Black and white of a HEIC are where its picture says, also where the file says something else of it."""

import io
import re
import struct

import numpy as np
import pillow_heif
import pytest

from slackbot.imaging import heic_range
from tests.other_decoders import difference
from tests.slackbot.conftest import picture
from tests.tiled_heic import SIDE, tiled_heic

LIMITED, FULL = 0, 1


def encoded(full: int, sampling: int, deep: bool) -> bytes:
    """A HEIC whose picture and file say the same."""
    pixels = np.asarray(picture(SIDE, SIDE))
    if deep:
        file = pillow_heif.from_bytes("RGB;16", (SIDE, SIDE), (pixels.astype(np.uint16) * 257).tobytes())
    else:
        file = pillow_heif.from_pillow(picture(SIDE, SIDE))
    out = io.BytesIO()
    coded = {"color_primaries": 1, "transfer_characteristics": 13, "matrix_coefficients": 5, "full_range_flag": full}
    file.save(out, quality=95, chroma=sampling, **coded)
    return out.getvalue()


def nclx(full: int) -> bytes:
    return struct.pack(">I4s4sHHHB", 19, b"colr", b"nclx", 1, 13, 5, 0x80 * full)


@pytest.mark.parametrize(("sampling", "deep"), [(420, False), (422, True)], ids=["phone", "camera"])
@pytest.mark.parametrize(
    ("picture_says", "file_says"),
    [(FULL, LIMITED), (FULL, FULL), (LIMITED, LIMITED)],
    ids=["file errs", "full", "limited"],
)
@pytest.mark.parametrize("tiles", [False, True])
def test_it_is_as_drawn(photo_of, sampling, deep, picture_says, file_says, tiles):
    content = encoded(picture_says, sampling, deep)
    if tiles:
        content = tiled_heic((2 * SIDE, SIDE), [content], extra=nclx(file_says))
    else:
        content = re.sub(
            rb"(colrnclx.{6}).", lambda found: found[1] + bytes((0x80 * file_says,)), content, flags=re.DOTALL
        )

    assert difference(photo_of(content).image.crop((0, 0, SIDE, SIDE)), picture(SIDE, SIDE)) < 2


@pytest.mark.parametrize("seed", range(20))
def test_nonsense_changes_nothing(seed):
    """The file has the last word where the picture cannot be understood."""
    content = tiled_heic((2 * SIDE, SIDE), [encoded(FULL, 420, deep=False)], extra=nclx(LIMITED))
    at = content.index(b"hvcC") + 4
    noise = np.random.default_rng(seed).bytes(60)
    spoiled = content[: at + 22] + (b"\xff\x21\xff\xff" + noise if seed % 2 else noise) + content[at + 86 :]
    source = lambda: io.BytesIO(spoiled)  # noqa: E731

    with heic_range.corrected(source)() as file:
        assert len(file.read()) == len(spoiled)
