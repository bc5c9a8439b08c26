"""A GIF that is cut in its only frame is shown as far as it goes, however narrow its codes are."""

import io
import struct
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from slackbot.imaging import cut_gif
from slackbot.imaging.errors import DamagedPhoto
from tests.slackbot.conftest import picture


@pytest.mark.parametrize("colours", [5, 256])
@pytest.mark.parametrize("interlaced", [0, 1])
def test_a_gif_that_lacks_its_last_rows_says_so(photo_of, colours, interlaced):
    out = io.BytesIO()
    picture(240, 160).quantize(colours).save(out, "GIF", interlace=interlaced)
    content = out.getvalue()
    photo, whole = photo_of(content[: -len(content) // 80]), photo_of(content)
    lost = (np.asarray(photo.image) != np.asarray(whole.image)).any(axis=-1).mean()

    assert photo.partial
    assert 0 < lost < 0.04
    with pytest.raises(DamagedPhoto):
        photo_of(content[: len(content) // 2])


def plain_gif(pixels: np.ndarray, bits: int) -> bytes:
    """A grey GIF that does not compress: a clear code comes before the codes would become wider."""
    clear, at_once, codes = 1 << bits, (1 << bits) - 2, list[int]()
    for index, pixel in enumerate(pixels.ravel().tolist()):
        codes += [pixel] if index % at_once else [clear, pixel]
    packed = sum(code << (bits + 1) * index for index, code in enumerate([*codes, clear + 1]))
    data = packed.to_bytes((len(codes) + 1) * (bits + 1) // 8 + 1, "little")
    size = struct.pack("<HH", *pixels.shape[::-1])
    palette = bytes(index * 255 // (clear - 1) for index in range(clear) for _ in "RGB")
    blocks = (data[at : at + 255] for at in range(0, len(data), 255))
    head = b"GIF89a" + size + bytes([0x80 | bits - 1, 0, 0]) + palette + b"," + bytes(4) + size + bytes([0, bits])
    return head + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0;"


@pytest.mark.parametrize("bits", range(2, 9))
def test_a_cut_gif_of_narrow_codes_says_so(photo_of, bits):
    pixels = np.random.default_rng(bits).integers(0, 1 << bits, (60, 80), np.uint8)
    content = plain_gif(pixels, bits)
    photo, grey = photo_of(content[: -len(content) // 80]), pixels.astype(int) * 255 // ((1 << bits) - 1)
    same = np.asarray(photo.image.getchannel(0)) == grey

    assert photo.partial
    assert same[:57].all()
    assert not same.all()


def test_a_cut_gif_takes_little_memory(encode):
    content = encode(Image.effect_noise((300, 200), 100), "GIF")
    tracemalloc.start()
    whole = cut_gif.whole(content[: -len(content) // 80], 0.04)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert whole
    assert most < 10 * len(content)
