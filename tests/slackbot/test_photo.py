"""Opening and saving photos, with the real bytes of real files."""

import contextlib
import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from slackbot.errors import DamagedPhoto, EmptyFile, NotAPhoto, PhotoError, PhotoTooLarge
from slackbot.kinds import KINDS, kind_of, kind_of_suffix
from slackbot.limits import Limits
from slackbot.photo import choose_scale, open_photo, save_photo

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture
def opened(tmp_path, limits):
    """Bytes to a photo, by way of a file whose name says nothing."""

    def open_bytes(content: bytes, limits=limits):
        path = tmp_path / "0.photo"
        path.write_bytes(content)
        return open_photo(path, limits)

    return open_bytes


@pytest.fixture
def saved(tmp_path):
    def save(photo) -> Image.Image:
        path = tmp_path / "saved"
        save_photo(photo, path)
        return Image.open(io.BytesIO(path.read_bytes()))

    return save


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_upright_and_stays_so(opened, saved, paint, encode, orientation):
    image = paint(40, 30)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encode(image, "PNG", exif=exif)

    photo = opened(content)

    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    assert photo.size == ((40, 30) if orientation < 5 else (30, 40))
    assert photo.image.tobytes() == upright.tobytes()
    assert 0x0112 not in saved(photo).getexif()


UPRIGHT = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["TIFF", "HEIC"])
def test_kinds_that_turn_by_themselves_are_not_turned_twice(opened, paint, encode, kind, orientation):
    image = paint(64, 48)
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "TIFF":
        content = encode(image, "TIFF", exif=exif)
    else:
        pillow_heif = pytest.importorskip("pillow_heif")
        heic = pillow_heif.from_pillow(image)
        heic[0].info["exif"] = exif.tobytes()  # becomes boxes of HEIF's own, as on a phone
        out = io.BytesIO()
        heic.save(out, quality=100, chroma=444)
        content = out.getvalue()

    pixels = np.asarray(opened(content).image).astype(int)

    expected = UPRIGHT[orientation](np.asarray(image))
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).mean() < (2 if kind == "HEIC" else 0.001)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP", "TIFF"])
def test_a_kind_is_answered_in_the_same_kind(opened, saved, paint, encode, name):
    photo = opened(encode(paint(40, 30), KINDS[name].format))

    assert photo.kind is KINDS[name]
    assert saved(photo).format == KINDS[name].format


@pytest.mark.parametrize(("name", "answer"), [("GIF", "PNG"), ("BMP", "PNG")])
def test_kinds_that_would_lose_the_work_are_answered_in_another(opened, paint, encode, name, answer):
    photo = opened(encode(paint(40, 30), name))

    assert (photo.source, photo.kind) == (KINDS[name], KINDS[answer])


def test_heic_is_answered_as_jpeg(opened, paint, encode):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    photo = opened(encode(paint(64, 48), "HEIF"))

    assert photo.size == (64, 48)
    assert (photo.source, photo.kind) == (KINDS["HEIC"], KINDS["JPEG"])
    clear = paint(64, 48).convert("RGBA")
    clear.putalpha(77)
    photo = opened(encode(clear, "HEIF"))
    assert photo.kind is KINDS["PNG"], "a JPEG cannot be seen through"
    assert photo.alpha


def test_the_colour_profile_is_kept_and_other_metadata_is_not(opened, saved, paint, encode):
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    result = saved(opened(encode(paint(40, 30), "JPEG", icc_profile=SRGB, exif=exif)))

    assert result.info["icc_profile"] == SRGB
    assert "exif" not in result.info


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_any_mode_becomes_rgb_of_the_right_colours(opened, paint, encode, mode):
    image = paint(40, 30)
    if mode == "I;16":
        grey = np.asarray(image.convert("L"))
        content = encode(Image.fromarray(grey.astype(np.uint16) * 257), "PNG")
        expected = Image.fromarray(grey).convert("RGB")
    else:
        converted = image.convert(mode)
        content = encode(converted, "TIFF" if mode == "CMYK" else "PNG")
        expected = converted.convert("RGB")

    photo = opened(content)

    assert photo.image.mode == "RGB"
    assert photo.image.tobytes() == expected.tobytes()
    assert photo.grey == (mode in ("L", "1", "LA", "I;16"))
    assert (photo.alpha is not None) == (mode in ("RGBA", "LA"))


def test_grey_stays_grey_and_alpha_stays(opened, saved, paint, encode):
    assert saved(opened(encode(paint(8, 8).convert("L")))).mode == "L"
    transparent = paint(8, 8).convert("RGBA")
    transparent.putalpha(77)
    assert set(saved(opened(encode(transparent))).getchannel("A").tobytes()) == {77}


@pytest.mark.parametrize(("format", "more"), [("JPEG", {}), ("WEBP", {}), ("GIF", {}), ("PNG", {"icc_profile": SRGB})])
def test_grey_stays_grey_in_files_that_hold_it_as_colour(opened, saved, paint, encode, format, more):  # noqa: A002
    photo = opened(encode(paint(40, 30).convert("L").convert("RGB"), format, **more))
    tinted = replace(photo, image=Image.new("RGB", (8, 8), (90, 99, 80)))

    result = saved(tinted)

    red, green, blue = result.convert("RGB").split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()
    assert result.info.get("icc_profile") == more.get("icc_profile")
    assert not more or result.mode == "RGB", "a profile of colours does not fit a grey picture"


def test_alpha_in_a_kind_without_it_lies_on_white(opened, saved, paint, encode):
    clear = paint(8, 8).convert("RGBA")
    clear.putalpha(0)
    photo = replace(opened(encode(clear)), kind=KINDS["JPEG"])

    assert saved(photo).getpixel((4, 4)) == (255, 255, 255)


def test_metadata_is_kept_where_a_person_asks_and_only_what_tells_something(opened, paint, encode, tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x0110] = 6, "where I live", "a camera"
    exif.get_ifd(0x8825)[1] = "N"
    photo = opened(encode(paint(40, 30), "JPEG", exif=exif))

    for kind in ("JPEG", "PNG", "WebP", "TIFF"):
        save_photo(replace(photo, image=photo.image.copy(), kind=KINDS[kind]), tmp_path / "kept", True)
        with Image.open(tmp_path / "kept") as kept:
            found = kept.getexif()
            assert (found[0x010E], found[0x0110]) == ("where I live", "a camera")
            assert kind == "TIFF" or found.get_ifd(0x8825)[1] == "N"
            assert found.get(0x0112, 1) == 1, "the pixels are upright already"
            assert kept.size == photo.size


def test_a_cmyk_profile_becomes_srgb_and_is_not_passed_on(opened, saved, paint, encode):
    photo = opened(encode(paint(40, 30).convert("CMYK"), "JPEG"))

    assert saved(photo).mode == "RGB"
    assert "icc_profile" not in saved(photo).info


def test_lab_becomes_rgb(opened, paint, encode):
    image = paint(40, 30)
    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, rgb, lab, outputMode="LAB")
    assert converted

    photo = opened(encode(converted, "TIFF"))

    assert np.abs(np.asarray(photo.image).astype(int) - np.asarray(image)).mean() < 4


def test_a_palette_with_a_transparent_colour_keeps_it(opened, saved, paint, encode):
    image = paint(40, 30).quantize(16)
    image.info["transparency"] = 0
    photo = opened(encode(image, "PNG", transparency=0))

    clear = np.asarray(image) == 0
    assert clear.any()
    assert ((np.asarray(saved(photo).getchannel("A")) == 0) == clear).all()


def test_sixteen_bits_of_colour_become_eight(opened, paint):
    photo = opened(_png_of_sixteen_bits(np.asarray(paint(40, 30))))

    assert photo.image.tobytes() == paint(40, 30).tobytes()
    assert not photo.grey
    assert photo.deep


@pytest.mark.parametrize(
    ("mode", "format", "deep"),
    [("RGB", "PNG", False), ("RGB", "TIFF", False), ("RGB", "BMP", False), ("L", "PNG", False), ("I;16", "PNG", True),
     ("I;16", "TIFF", True), ("F", "TIFF", True)],
)  # fmt: skip
def test_more_than_eight_bits_are_noticed(opened, paint, encode, mode, format, deep):  # noqa: A002
    image = paint(40, 30)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    assert opened(encode(image.convert(mode), format)).deep == deep


def _png_of_sixteen_bits(pixels: np.ndarray) -> bytes:
    """An RGB PNG of 16 bits a channel, which Pillow cannot write."""
    height, width, _ = pixels.shape
    rows = (pixels.astype(np.uint16) * 257).astype(">u2").reshape(height, -1)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(data)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims any size; its pixels are missing."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(b"\0" * 64)) + _chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptyFile),
        (b"hello", NotAPhoto),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", NotAPhoto),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NotAPhoto),
        (b"<!doctype html><title>Sign in</title>", NotAPhoto),
        (b"\xff\xd8\xff", DamagedPhoto),
        (b"\x89PNG\r\n\x1a\n", DamagedPhoto),
        (b"GIF89a", DamagedPhoto),
        (b"RIFF\0\0\0\0WEBPVP8 ", DamagedPhoto),
        (b"\0\0\0\x18ftypheic\0\0\0\0", DamagedPhoto),
        (png_of(100, 100), DamagedPhoto),
        (png_of(6000, 6000), PhotoTooLarge),
        (png_of(30_000, 30_000), PhotoTooLarge),
        (png_of(2_000_000_000, 2), PhotoTooLarge),
    ],
)
def test_what_is_no_photo_gets_one_sentence(opened, content, error):
    with pytest.raises(error) as caught:
        opened(content)

    assert str(caught.value).endswith((".", ".5.", "16."))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_truncated_picture_is_damaged(opened, paint, encode, format, part):  # noqa: A002
    content = encode(paint(80, 60), format)

    with pytest.raises(PhotoError):
        opened(content[: int(len(content) * part)])


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_bytes_give_a_photo_or_a_sentence(opened, paint, encode, data):
    name = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"]))
    content = bytearray(encode(paint(16, 12), name))
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)))):
        content[place] = value
    with contextlib.suppress(PhotoError):  # anything else fails the test
        assert opened(bytes(content)).image.mode == "RGB"


def test_bytes_at_the_limit_and_one_over(opened, paint, encode):
    content = encode(paint(20, 10))

    assert opened(content, Limits(photo_bytes=len(content)))
    with pytest.raises(PhotoTooLarge):
        opened(content, Limits(photo_bytes=len(content) - 1))


@pytest.mark.parametrize(
    ("size", "kind", "scale"),
    [
        ((2000, 2000), "PNG", 4),
        ((2000, 2001), "PNG", 2),
        ((4000, 4000), "PNG", 2),
        ((16_375, 100), "JPEG", 4),
        ((16_376, 100), "JPEG", 2),
        ((2000, 1000), "WebP", 4),
        ((2000, 1001), "WebP", 2),
        ((4095, 100), "WebP", 4),
        ((4096, 100), "WebP", 2),
    ],
)
def test_the_scale_is_what_fits(limits, size, kind, scale):
    assert choose_scale(size, 4, KINDS[kind], limits) == scale
    assert choose_scale(size, 2, KINDS[kind], limits) == 2


def test_what_can_be_seen_through_takes_more_memory_as_webp(limits, opened, encode):
    assert choose_scale((1000, 1000), 4, KINDS["WebP"], limits, clear=True) == 4
    assert choose_scale((1000, 1001), 4, KINDS["WebP"], limits, clear=True) == 2
    assert choose_scale((2000, 2000), 4, KINDS["PNG"], limits, clear=True) == 4
    assert choose_scale((2000, 2000), 4, KINDS["JPEG"], limits, clear=True) == 4, "on white"
    with pytest.raises(PhotoTooLarge, match="I can take up to 4"):
        choose_scale((2000, 2001), 4, KINDS["WebP"], limits, clear=True)

    for size, kind in (((2000, 2000), "WebP"), ((2000, 2001), "PNG")):
        clear = Image.new("RGBA", size, (1, 2, 3, 77))
        assert opened(encode(clear, "WEBP")).kind is KINDS[kind]


@pytest.mark.parametrize(("size", "kind"), [((4000, 4001), "PNG"), ((8192, 10), "WebP")])
def test_what_does_not_even_fit_at_2x_is_too_large(limits, size, kind):
    with pytest.raises(PhotoTooLarge, match="I can take"):
        choose_scale(size, 4, KINDS[kind], limits)


def test_kinds_are_told_by_content_and_asked_for_by_suffix():
    assert kind_of(b"\xff\xd8\xff\xe0") is KINDS["JPEG"]
    assert kind_of(b"") is None
    assert kind_of_suffix(".JPEG") is KINDS["JPEG"]
    assert kind_of_suffix(".gif") is None
