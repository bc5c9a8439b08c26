"""Photos of phones and cameras open within the sandbox's limit of memory, and tiles of a HEIC fit together."""

import io
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from slackbot.imaging.admission import admit
from slackbot.imaging.sandbox import look_sandboxed, open_sandboxed
from slackbot.limits import PhotoLimits
from tests.other_decoders import difference
from tests.slackbot.conftest import picture
from tests.tiled_heic import SIDE, encoded, tiled_heic

LIMITS = PhotoLimits()
CASES = Path(__file__).resolve().parents[4] / "shared" / "cases"
needs_libheif = pytest.mark.skipif(shutil.which("heif-convert") is None, reason="heif-convert is not installed")


def by_libheif(path: Path) -> Image.Image:
    """As Debian's libheif shows it."""
    target = path.with_name("by-libheif.png")
    subprocess.run(["heif-convert", str(path), str(target)], check=True, capture_output=True)
    return Image.open(target).convert("RGB")


@pytest.fixture(scope="module")
def tiles() -> list[bytes]:
    return [encoded(picture(SIDE, SIDE, seed)) for seed in range(6)]


@pytest.mark.parametrize(
    "size", [(3264, 2448), (4032, 3024), (4624, 3468), (5712, 4284), (8064, 6048)], ids=["8", "12", "16", "24", "48"]
)
def test_a_tiled_heic_opens_within_the_limit(tmp_path, tiles, size):
    path = tmp_path / "0.photo"
    path.write_bytes(tiled_heic(size, tiles, turns=3))
    photo = open_sandboxed(path, LIMITS)

    assert (photo.size, photo.pages) == (size[::-1], 1)
    last = photo.image.transpose(Image.Transpose.ROTATE_90).crop((SIDE, 0, 2 * SIDE, SIDE))
    assert difference(last, picture(SIDE, SIDE, 1)) < 3, "the second tile"


@needs_libheif
@pytest.mark.parametrize("turns", [0, 1])
def test_a_tiled_heic_is_as_libheif_shows_it(tmp_path, tiles, turns):
    path = tmp_path / "photo.heic"
    path.write_bytes(tiled_heic((1500, 1100), tiles, turns))

    assert difference(open_sandboxed(path, LIMITS).image, by_libheif(path)) < 1


@needs_libheif
@pytest.mark.skipif(not CASES.exists(), reason="the real file is not at hand")
def test_a_real_photo_of_a_phone_is_as_libheif_shows_it(tmp_path):
    path = shutil.copy(CASES / "iphone8plus.heic", tmp_path / "photo.heic")
    photo = open_sandboxed(Path(path), LIMITS)

    assert photo.size == (3024, 4032)
    assert difference(photo.image, by_libheif(Path(path))) < 1


@needs_libheif
@pytest.mark.parametrize(("sampling", "brand"), [(420, b"heic"), (422, b"heix"), (422, b"mif1"), (444, b"heix")])
def test_a_heic_of_ten_bits_keeps_its_colours(tmp_path, sampling, brand):
    """As cameras of several makers write their HIF files: 10 bits, 4:2:2."""
    tile = encoded_deep(np.asarray(picture(SIDE, SIDE), np.uint16) * 257, chroma=sampling)
    path = tmp_path / "photo.heic"
    path.write_bytes(tiled_heic((1500, 1100), [tile]).replace(b"ftypheic", b"ftyp" + brand))
    photo = open_sandboxed(path, LIMITS)

    assert (photo.deep, photo.coding.sampling) == (True, ":".join(str(sampling)))
    assert difference(photo.image, by_libheif(path)) < 1
    assert difference(photo.image.crop((0, 0, SIDE, SIDE)), picture(SIDE, SIDE)) < 2


def test_a_large_heic_of_a_camera_opens_where_there_is_memory(tmp_path):
    """10 bits, 4:2:2, in large tiles, turned: 33 megapixels."""
    side = 1664
    tile = encoded_deep(np.asarray(picture(side, side), np.uint16) * 257, chroma=422)
    path = tmp_path / "0.photo"
    path.write_bytes(tiled_heic((4 * side, 3 * side), [tile], turns=1, side=side))
    header = look_sandboxed(path, LIMITS).header
    photo = open_sandboxed(path, admit(header, header.facts, 1, LIMITS, 2**31).limits)

    assert (photo.size, photo.deep) == ((3 * side, 4 * side), True)
    assert difference(photo.image.crop((0, 3 * side, side, 4 * side)).rotate(-90), picture(side, side)) < 2


def test_a_large_hdr_heic_is_toned_down_within_the_limit(tmp_path):
    """10 bits, PQ, in the primaries of BT.2020, 24 megapixels."""
    colr = struct.pack(">I4s4sHHHB", 19, b"colr", b"nclx", 9, 16, 9, 0x80)
    tile = encoded_deep(np.full((SIDE, SIDE, 3), 0.58 * 65535, np.uint16))  # PQ's paper white
    path = tmp_path / "0.photo"
    path.write_bytes(tiled_heic((5712, 4284), [tile], extra=colr))
    photo = open_sandboxed(path, LIMITS)

    assert (photo.size, photo.hdr, photo.deep) == ((5712, 4284), True, True)
    assert photo.image.getextrema() == (photo.image.getextrema()[0],) * 3, "grey stays grey"
    assert photo.image.getpixel((3000, 3000))[0] > 245  # pyright: ignore[reportOptionalSubscript, reportIndexIssue]


def encoded_deep(pixels: np.ndarray, **options: Any) -> bytes:
    import pillow_heif

    file = pillow_heif.from_bytes("RGB;16", pixels.shape[1::-1], pixels.tobytes())
    out = io.BytesIO()
    file.save(out, quality=90, **options)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGB"), ("JPEG", "RGB"), ("PNG", "L"), ("PNG", "RGBA")])
def test_the_largest_photos_open_within_the_limit(tmp_path, kind, mode):
    size = (9100, 7000) if mode != "RGBA" else (7000, 5200)
    path = tmp_path / "0.photo"
    Image.linear_gradient("L").resize(size).convert(mode).save(path, kind)

    assert open_sandboxed(path, LIMITS).size == size
