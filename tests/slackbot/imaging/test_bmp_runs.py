"""BMP files of runs of equal pixels, whole and cut: what is there is as drawn and as ffmpeg shows it."""

import itertools
import struct

import numpy as np
import pytest

from slackbot.imaging.errors import DamagedPhoto
from tests.other_decoders import by_ffmpeg, difference, needs_ffmpeg

WIDTH, HEIGHT = 45, 60
LINE, END = b"\0\0", b"\0\1"


def drawn(colours: int) -> np.ndarray:
    """Areas of one colour and some noise: UINT8 [H, W]."""
    pixels = np.add.outer(np.arange(HEIGHT) // 8, np.arange(WIDTH) // 9) % colours
    pixels[20:30, 5:35] = np.random.default_rng(0).integers(0, colours, (10, 30))
    return pixels.astype(np.uint8)


def packed(row: np.ndarray, bits: int) -> bytes:
    """Runs, and what does not repeat as it is."""
    parts, single = [], list[int]()

    def literal() -> None:
        for begin in range(0, len(single), 200):
            some = single[begin : begin + 200]
            if len(some) < 3:
                parts.extend(bytes((1, one << (8 - bits))) for one in some)
                continue
            data = bytes(some)
            if bits == 4:
                data = bytes(
                    left << 4 | right for left, right in itertools.zip_longest(some[::2], some[1::2], fillvalue=0)
                )
            parts.append(bytes((0, len(some))) + data + bytes(len(data) % 2))
        single.clear()

    for value, run in itertools.groupby(row.tolist()):
        count = len(list(run))
        if count < 3:
            single += [value] * count
            continue
        literal()
        parts.append(bytes((count, value if bits == 8 else value << 4 | value)))
    literal()
    return b"".join(parts) + LINE


def bmp(codes: bytes, bits: int) -> bytes:
    start = 54 + 4 * (1 << bits)
    head = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, bits, {8: 1, 4: 2}[bits], len(codes), 2835, 2835, 0, 0)
    return (
        struct.pack("<2sIHHI", b"BM", start + len(codes), 0, 0, start)
        + head
        + palette(bits)[:, [2, 1, 0, 3]].tobytes()
        + codes
    )


def palette(bits: int) -> np.ndarray:
    colours = np.random.default_rng(1).integers(0, 256, (1 << bits, 4), np.uint8)
    colours[:, 3] = 0
    return colours


def shown(pixels: np.ndarray, bits: int) -> np.ndarray:
    return palette(bits)[pixels][::-1, :, :3]


@pytest.fixture(params=[8, 4], ids=["8 bits", "4 bits"])
def bits(request) -> int:
    return request.param


@pytest.mark.parametrize("end", [b"", END])
def test_one_that_is_whole_is_as_drawn(photo_of, bits, end):
    pixels = drawn(1 << bits)
    photo = photo_of(bmp(b"".join(packed(row, bits) for row in pixels) + end, bits))

    assert np.array_equal(np.asarray(photo.image), shown(pixels, bits))
    assert not photo.partial


@pytest.mark.parametrize("cut", [1, 3, 20])
def test_one_that_lacks_its_last_rows_says_so(photo_of, bits, cut):
    pixels = drawn(1 << bits)
    codes = b"".join(packed(row, bits) for row in pixels)
    photo = photo_of(bmp(codes[: -len(LINE) - cut], bits))

    assert photo.partial
    assert np.array_equal(np.asarray(photo.image)[2:], shown(pixels, bits)[2:])
    with pytest.raises(DamagedPhoto):
        photo_of(bmp(codes[: len(codes) // 2], bits))


@needs_ffmpeg
def test_one_that_leaves_pixels_out_is_as_ffmpeg_shows_it(photo_of, tmp_path, bits):
    """Rows that end early, pixels that are passed over, and an end before the last row."""
    pixels = drawn(1 << bits)
    pixels[:, 25:] = 0
    pixels[11:13], pixels[50:] = 0, 0
    early = [packed(row[:25], bits) for row in pixels]
    move = b"\0\2\0\2"
    content = bmp(b"".join([*early[:11], move, *early[13:50]]) + END, bits)
    (tmp_path / "a.bmp").write_bytes(content)
    photo = photo_of(content)

    assert not photo.partial
    assert np.array_equal(np.asarray(photo.image), shown(pixels, bits))
    assert difference(photo.image, by_ffmpeg(tmp_path / "a.bmp")) == 0


def test_no_code_reaches_beyond_the_picture(photo_of, bits):
    row = bytes((255, 0x11)) + bytes((255, 0x22)) + LINE
    photo = photo_of(bmp(row * HEIGHT + b"\0\2\xff\xff" + row + b"\0\2", bits))
    expected = palette(bits)[0x11 if bits == 8 else 1, :3]

    assert np.array_equal(np.asarray(photo.image), np.broadcast_to(expected, (HEIGHT, WIDTH, 3)))
    assert photo_of(bmp(b"\0\2\xff\0" + row + b"\0\2\0\xff" + row, bits)).size == (WIDTH, HEIGHT)
