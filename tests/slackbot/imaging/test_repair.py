"""What browsers show although its file is broken is enhanced; what is lost is said, and too much of it is damage."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slackbot.imaging.errors import DamagedPhoto, UnreadableKind
from tests.other_decoders import by_ffmpeg, by_imagemagick, difference, needs_ffmpeg, needs_imagemagick
from tests.png import chunk
from tests.slackbot.conftest import picture

pytestmark = pytest.mark.filterwarnings("ignore:Invalid APNG:UserWarning")

CASES = Path(__file__).resolve().parents[4] / "shared" / "cases"
REAL = {
    "noeoi.jpg": by_ffmpeg,
    "paris_icc_exif_xmp.png": by_ffmpeg,
    "rgb32bf.bmp": by_imagemagick,
}


def encoded(kind: str, **options) -> bytes:
    out = io.BytesIO()
    picture(240, 160).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 5}])
@pytest.mark.parametrize("cut", [1, 2])
def test_a_jpeg_without_its_end_marker_is_whole(photo_of, options, cut):
    content = encoded("JPEG", quality=90, **options)
    photo = photo_of(content[:-cut])

    assert not photo.partial
    assert photo.image.tobytes() == photo_of(content).image.tobytes()


def test_a_jpeg_that_lacks_its_last_block_says_so(photo_of):
    content = encoded("JPEG", quality=90)
    photo = photo_of(content[:-8])

    assert photo.partial
    assert difference(photo.image, photo_of(content).image) < 1


@pytest.mark.parametrize("cut", [1, 12, 16, 20])
@pytest.mark.parametrize("interlaced", [False, True])
def test_a_png_with_a_cut_end_is_whole(photo_of, cut, interlaced):
    content = interlaced_png(picture(240, 160)) if interlaced else encoded("PNG")
    photo = photo_of(content[:-cut])

    assert photo.image.tobytes() == picture(240, 160).tobytes()
    assert not photo.partial


def interlaced_png(image: Image.Image) -> bytes:
    pixels = np.asarray(image)
    rows = b""
    adam7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    for left, top, across, down in adam7:
        rows += b"".join(b"\0" + row.tobytes() for row in pixels[top::down, left::across])
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *image.size, 8, 2, 0, 0, 1))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_a_png_that_lacks_some_rows_says_so(photo_of):
    content = encoded("PNG", compress_level=0)
    photo = photo_of(content[: -3 * 240 * 3])  # three rows of 160

    assert photo.partial
    assert photo.image.crop((0, 0, 240, 156)).tobytes() == picture(240, 160).crop((0, 0, 240, 156)).tobytes()
    with pytest.raises(DamagedPhoto):
        photo_of(content[: -16 * 240 * 3])


def with_bad_checksum(kind: bytes, data: bytes) -> bytes:
    return chunk(kind, data)[:-4] + b"\0\0\0\0"


@pytest.mark.parametrize(
    "bad",
    {
        "checksum of a text": with_bad_checksum(b"tEXt", b"Title\0a title"),
        "checksum of gAMA": with_bad_checksum(b"gAMA", struct.pack(">I", 100_000)),
        "a text of another compression": chunk(b"zTXt", b"Title\0\7nonsense"),
        "a profile that does not unpack": chunk(b"iCCP", b"a profile\0\7nonsense"),
        "a text that unpacks to 2 MB": chunk(b"zTXt", b"Title\0\0" + zlib.compress(bytes(2**21))),
        "EXIF as a text that is no number": chunk(b"tEXt", b"Raw profile type exif\0\nexif\n      14\n45xx6966\n"),
        "gAMA of two bytes": chunk(b"gAMA", b"\0\1"),
        "no frames": chunk(b"acTL", bytes(8)),
    }.items(),
    ids=lambda item: item[0],
)
def test_a_bad_extra_of_a_png_is_left_out(photo_of, bad):
    content = encoded("PNG")
    photo = photo_of(content[:33] + bad[1] + content[33:])

    assert photo.image.tobytes() == picture(240, 160).tobytes()
    assert not photo.partial


def test_a_png_keeps_its_sound_extras(photo_of):
    content = encoded("PNG", dpi=(300, 300), transparency=(1, 2, 3))
    content = content[:33] + with_bad_checksum(b"tEXt", b"a\0b") + content[33:]
    photo = photo_of(content)

    assert photo.alpha
    assert photo.metadata.density == pytest.approx((300, 300), abs=0.01)


def test_a_broken_animation_leaves_its_first_picture(photo_of):
    frames = [picture(64, 48, seed) for seed in range(3)]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:], duration=50)
    content = out.getvalue().replace(b"fdAT\0\0\0\2", b"fdAT\0\0\0\7")
    photo = photo_of(content)

    assert photo.partial
    assert photo.image.tobytes() == frames[0].tobytes()
    assert photo.motion is None


MASKS = {
    "16 bits 565": (16, (0xF800, 0x07E0, 0x001F, 0)),
    "16 bits 4444": (16, (0x0F00, 0x00F0, 0x000F, 0xF000)),
    "16 bits 231": (16, (0x0030, 0x000E, 0x0001, 0)),
    "32 bits, 8 each, elsewhere": (32, (0x0FF00000, 0xFF00, 0xFF, 0)),
    "32 bits 11-11-10": (32, (0xFFE00000, 0x001FFC00, 0x000003FF, 0)),
    "32 bits with alpha": (32, (0x0000FF00, 0x00FF0000, 0xFF000000, 0x000000FF)),
}


def bmp(pixels: np.ndarray, bits: int, masks: tuple[int, ...], top_down: bool) -> bytes:
    """A BMP of bit fields, with the header that its masks ask for."""
    height, width, _ = pixels.shape
    values = np.zeros((height, width), np.uint32)
    for channel, mask in enumerate(masks):
        if mask:
            shift = (mask & -mask).bit_length() - 1
            values |= ((pixels[..., channel] / 255 * (mask >> shift)).round().astype(np.uint32)) << np.uint32(shift)
    if not top_down:
        values = values[::-1]
    raw = values.astype("<u2" if bits == 16 else "<u4")
    stride = (width * bits + 31) // 32 * 4
    rows = b"".join(row.tobytes().ljust(stride, b"\0") for row in raw)
    size = 56
    head = struct.pack("<IiiHHIIiiII", size, width, -height if top_down else height, 1, bits, 3, 0, 2835, 2835, 0, 0)
    start = 14 + size
    return struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + head + struct.pack("<4I", *masks) + rows


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("name", MASKS)
def test_a_bmp_of_any_masks(photo_of, name, top_down):
    bits, masks = MASKS[name]
    pixels = np.dstack([np.asarray(picture(37, 25)), np.linspace(0, 255, 25 * 37).reshape(25, 37).astype(np.uint8)])
    photo = photo_of(bmp(pixels, bits, masks, top_down))

    steps = [255 / (mask >> ((mask & -mask).bit_length() - 1)) for mask in masks if mask]
    off = np.abs(np.asarray(photo.image, float) - pixels[..., :3])
    assert (off.max(axis=(0, 1)) <= np.array(steps[:3]) / 2 + 1).all()
    if masks[3]:
        assert photo.alpha
        assert np.abs(np.asarray(photo.alpha, float) - pixels[..., 3]).max() <= steps[3] / 2 + 1


@pytest.mark.parametrize("size", [16, 40, 64, 108])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_bmp_of_few_colours_and_any_header(photo_of, size, bits):
    indices = np.add.outer(np.arange(9), np.arange(21)) % (1 << bits)
    palette = np.random.default_rng(0).integers(0, 256, (1 << bits, 3), np.uint8)
    stride = (21 * bits + 31) // 32 * 4
    packed = [np.packbits(np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - bits :]) for row in indices[::-1]]
    rows = b"".join(row.tobytes().ljust(stride, b"\0") for row in packed)
    head = struct.pack("<IiiHHIIiiII", size, 21, 9, 1, bits, 0, 0, 0, 0, 0, 0)[:size].ljust(size, b"\0")
    colours = np.dstack([palette[None, :, ::-1], np.zeros((1, 1 << bits, 1), np.uint8)]).tobytes()
    start = 14 + size + len(colours)
    photo = photo_of(struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + head + colours + rows)

    assert np.array_equal(np.asarray(photo.image), palette[indices])


def test_a_bmp_cut_short(photo_of):
    content = encoded("BMP")
    photo = photo_of(content[: -240 * 3])

    assert photo.partial
    assert photo.image.crop((0, 2, 240, 160)).tobytes() == picture(240, 160).crop((0, 2, 240, 160)).tobytes()
    with pytest.raises(DamagedPhoto):
        photo_of(content[: len(content) // 2])


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True})])
def test_an_animation_that_is_cut_keeps_its_whole_frames(photo_of, kind, options):
    frames = [picture(64, 48, seed).quantize(16).convert("RGB") for seed in range(3)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=50, **options)
    photo = photo_of(out.getvalue()[:-300])

    assert photo.partial
    assert photo.pages == 2
    assert photo.image.tobytes() == frames[0].tobytes()


def test_a_webp_with_cut_metadata_is_whole(photo_of):
    exif = Image.Exif()
    exif[0x013B] = "an author with a long name"
    content = encoded("WEBP", lossless=True, exif=exif)
    photo = photo_of(content[:-10])

    assert not photo.partial
    assert photo.image.tobytes() == picture(240, 160).tobytes()


def test_a_webp_whose_picture_is_cut_is_damaged(photo_of):
    with pytest.raises(DamagedPhoto):  # browsers show nothing of it
        photo_of(encoded("WEBP")[:-10])


def test_a_bigtiff_is_read(photo_of):
    out = io.BytesIO()
    picture(240, 160).save(out, "TIFF", big_tiff=True)
    assert out.getvalue()[:4] == b"II+\0"

    assert photo_of(out.getvalue()).image.tobytes() == picture(240, 160).tobytes()


@pytest.mark.parametrize(("process", "bits"), [(0xC1, 12), (0xC3, 9)], ids=["12 bits", "lossless"])
def test_a_jpeg_of_a_kind_that_nobody_shows_is_not_called_damaged(photo_of, process, bits):
    content = bytearray(encoded("JPEG"))
    at = content.index(b"\xff\xc0")
    content[at + 1], content[at + 4] = process, bits

    with pytest.raises(UnreadableKind):
        photo_of(bytes(content))


def bmp_of_compression(compression: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, 4, 4, 1, 0, compression, 0, 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + 64, 0, 0, 54) + head + bytes(64)


@pytest.mark.parametrize("content", [bmp_of_compression(4), bmp_of_compression(5)], ids=["JPEG in BMP", "PNG in BMP"])
def test_a_kind_that_cannot_be_read_is_not_called_damaged(photo_of, content):
    with pytest.raises(UnreadableKind) as caught:
        photo_of(content)
    assert "can't read" in str(caught.value)


def test_a_tiff_of_a_compression_that_is_not_there_is_not_called_damaged(photo_of):
    out = io.BytesIO()
    picture(24, 16).save(out, "TIFF", compression="tiff_adobe_deflate")
    entry = struct.pack("<HHI", 259, 3, 1)
    at = out.getvalue().find(entry)
    content = out.getvalue()[: at + 8] + struct.pack("<I", 50_001) + out.getvalue()[at + 12 :]  # WebP

    with pytest.raises(UnreadableKind):
        photo_of(content)


@needs_ffmpeg
@needs_imagemagick
@pytest.mark.parametrize("name", [name for name in REAL if (CASES / name).exists()])
def test_a_real_broken_file_is_as_others_show_it(photo_of, name):
    photo = photo_of((CASES / name).read_bytes())

    assert not photo.partial
    assert difference(photo.image, REAL[name](CASES / name)) < 1


@needs_ffmpeg
@pytest.mark.skipif(not CASES.exists(), reason="the real file is not at hand")
def test_a_real_png_without_its_end_is_as_with_it(photo_of, tmp_path):
    content = (CASES / "truncated_end_chunk.png").read_bytes()
    (tmp_path / "whole.png").write_bytes(content[:-8] + chunk(b"IEND", b""))  # after its last chunk another one begins

    assert difference(photo_of(content).image, by_ffmpeg(tmp_path / "whole.png")) < 1
