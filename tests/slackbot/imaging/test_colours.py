"""Every mode of a picture becomes RGB of the right colours, grey stays grey, and alpha stays."""

import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageCms

from slackbot.imaging.formats import FORMATS
from tests.other_decoders import by_imagemagick, needs_imagemagick
from tests.png import chunk, png
from tests.slackbot.imaging.test_pages import grey_directory, tiff

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_any_mode_becomes_rgb_of_the_right_colours(photo_of, paint, encode, mode):
    image = paint(40, 30)
    if mode == "I;16":
        grey = np.asarray(image.convert("L"))
        content = encode(Image.fromarray(grey.astype(np.uint16) * 257), "PNG")
        expected = Image.fromarray(grey).convert("RGB")
    else:
        converted = image.convert(mode)
        content = encode(converted, "TIFF" if mode == "CMYK" else "PNG")
        expected = converted.convert("RGB")

    photo = photo_of(content)

    assert photo.image.mode == "RGB"
    assert photo.image.tobytes() == expected.tobytes()
    assert photo.grey == (mode in ("L", "1", "LA", "I;16"))
    assert (photo.alpha is not None) == (mode in ("RGBA", "LA"))


def test_grey_stays_grey_and_alpha_stays(photo_of, written, paint, encode):
    assert written(photo_of(encode(paint(8, 8).convert("L")))).mode == "L"
    transparent = paint(8, 8).convert("RGBA")
    transparent.putalpha(77)
    assert set(written(photo_of(encode(transparent))).getchannel("A").tobytes()) == {77}


@pytest.mark.parametrize(("format", "more"), [("JPEG", {}), ("WEBP", {}), ("GIF", {}), ("PNG", {"icc_profile": SRGB})])
def test_grey_stays_grey_in_files_that_hold_it_as_colour(photo_of, written, paint, encode, format, more):  # noqa: A002
    photo = photo_of(encode(paint(40, 30).convert("L").convert("RGB"), format, **more))
    tinted = replace(photo, image=Image.new("RGB", (8, 8), (90, 99, 80)))

    result = written(tinted)

    red, green, blue = result.convert("RGB").split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()
    assert result.info.get("icc_profile") == more.get("icc_profile")
    assert not more or result.mode == "RGB", "a profile of colours does not fit a grey picture"


def test_alpha_in_a_kind_without_it_lies_on_white(photo_of, written, paint, encode):
    clear = paint(8, 8).convert("RGBA")
    clear.putalpha(0)
    photo = replace(photo_of(encode(clear)), format=FORMATS["JPEG"])

    assert written(photo).getpixel((4, 4)) == (255, 255, 255)


def test_a_cmyk_profile_becomes_srgb_and_is_not_passed_on(photo_of, written, paint, encode):
    photo = photo_of(encode(paint(40, 30).convert("CMYK"), "JPEG"))

    assert written(photo).mode == "RGB"
    assert "icc_profile" not in written(photo).info


def test_lab_becomes_rgb(photo_of, paint, encode):
    image = paint(40, 30)
    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, rgb, lab, outputMode="LAB")
    assert converted

    photo = photo_of(encode(converted, "TIFF"))

    assert np.abs(np.asarray(photo.image).astype(int) - np.asarray(image)).mean() < 4


def test_a_palette_with_a_transparent_colour_keeps_it(photo_of, written, paint, encode):
    image = paint(40, 30).quantize(16)
    image.info["transparency"] = 0
    photo = photo_of(encode(image, "PNG", transparency=0))

    clear = np.asarray(image) == 0
    assert clear.any()
    assert ((np.asarray(written(photo).getchannel("A")) == 0) == clear).all()


def test_sixteen_bits_of_colour_become_eight(photo_of, paint):
    deep = (np.asarray(paint(40, 30)).astype(np.uint16) * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in deep)  # Pillow writes no such file

    photo = photo_of(png(40, 30, rows=rows, bits=16))

    assert photo.image.tobytes() == paint(40, 30).tobytes()
    assert not photo.grey
    assert photo.deep


@pytest.mark.parametrize(
    ("mode", "format", "deep"),
    [("RGB", "PNG", False), ("RGB", "TIFF", False), ("RGB", "BMP", False), ("L", "PNG", False), ("I;16", "PNG", True),
     ("I;16", "TIFF", True), ("F", "TIFF", True)],
)  # fmt: skip
def test_more_than_eight_bits_are_noticed(photo_of, paint, encode, mode, format, deep):  # noqa: A002
    image = paint(40, 30)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    assert photo_of(encode(image.convert(mode), format)).deep == deep


def grey_rows(samples: np.ndarray, bits: int) -> bytes:
    """One row of a grey PNG."""
    digits = "".join(f"{sample:0{bits}b}" for sample in samples.tolist())
    return b"\0" + int(digits, 2).to_bytes(len(digits) // 8, "big")


@needs_imagemagick
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("which", [0, 3, 7])
def test_the_transparent_grey_of_a_png_has_the_depth_of_its_pixels(photo_of, tmp_path, bits, which):
    samples = np.arange(8) * (2**bits - 1) // 7
    clear = chunk(b"tRNS", struct.pack(">H", samples[which]))
    content = png(8, 1, clear, rows=grey_rows(samples, bits), bits=bits, colours=False)
    (tmp_path / "a.png").write_bytes(content)

    photo = photo_of(content)

    assert photo.grey
    assert photo.alpha
    assert list(photo.alpha.tobytes()) == [255 * (sample != samples[which]) for sample in samples]
    assert photo.alpha.tobytes() == by_imagemagick(tmp_path / "a.png", "RGBA").getchannel("A").tobytes()


@needs_imagemagick
@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_transparent_colour_of_a_png_of_sixteen_bits(photo_of, tmp_path, which):
    samples = np.array([(0, 0, 0), (0x8000, 0x8000, 0x8000), (0x1234, 0xFEDC, 0x0100)], ">u2")
    clear = chunk(b"tRNS", samples[which].tobytes())
    content = png(3, 1, clear, rows=b"\0" + samples.tobytes(), bits=16)
    (tmp_path / "a.png").write_bytes(content)

    photo = photo_of(content)

    assert photo.alpha
    assert list(photo.alpha.tobytes()) == [255 * (index != which) for index in range(3)]
    assert photo.alpha.tobytes() == by_imagemagick(tmp_path / "a.png", "RGBA").getchannel("A").tobytes()


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_every_grey_frame_has_its_depth_and_its_transparent_grey(photo_of, bits):
    samples = np.arange(8) * (2**bits - 1) // 7
    rows = zlib.compress(grey_rows(samples, bits))
    control = [chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, 8, 1, 0, 0, 1, 10, 0, 0)) for number in (0, 1)]
    before = (chunk(b"acTL", struct.pack(">II", 2, 0)), chunk(b"tRNS", struct.pack(">H", samples[5])), control[0])
    content = png(8, 1, *before, rows=grey_rows(samples, bits), bits=bits, colours=False)
    content = content[:-12] + control[1] + chunk(b"fdAT", struct.pack(">I", 2) + rows) + content[-12:]

    photo = photo_of(content)

    assert photo.motion
    for image, alpha in ((photo.image, photo.alpha), *photo.motion.rest):
        assert alpha
        assert list(alpha.tobytes()) == [255 * (sample != samples[5]) for sample in samples]
        assert np.abs(np.asarray(image)[0, :, 0] - samples / (2**bits - 1) * 255).max() <= 1


# Bits, TIFF's sample format and photometric interpretation, and samples that are black, white, half and a quarter.
DEPTHS = {
    "12 bits": (12, 1, 1, bytes.fromhex("000fff800400")),
    "16 bits, white is zero": (16, 1, 0, np.array([65535, 0, 32767, 49151], "<u2")),
    "16 bits, signed": (16, 2, 1, np.array([-5, 32767, 16384, 8192], "<i2")),
    "32 bits": (32, 1, 1, np.array([0, 2**32 - 1, 2**31, 2**30], "<u4")),
    "32 bits, signed": (32, 2, 1, np.array([-5, 2**31 - 1, 2**30, 2**29], "<i4")),
    "32 bits that hold 16": (32, 2, 1, np.array([0, 65535, 32768, 16384], "<i4")),
    "floats": (32, 3, 1, np.array([-1, 1, 0.5, 0.25], "<f4")),
    "floats beyond 1": (32, 3, 1, np.array([0, 8, 4, 2], "<f4")),
    "floats, white is zero": (32, 3, 0, np.array([1, 0, 0.5, 0.75], "<f4")),
    "floats that are infinite": (32, 3, 1, np.array([-np.inf, np.inf, 0.5, 0.25], "<f4")),
    "floats that are no numbers": (32, 3, 1, np.array([np.nan, 1, 0.5, 0.25], "<f4")),
}


def grey_tiff(name: str) -> bytes:
    bits, kind, photometric, samples = DEPTHS[name]
    tags = {"_258": bits, "_339": kind, "_262": photometric, "_279": bits // 2}
    return tiff(grey_directory((4, 1), 1000, **tags))[:1000] + bytes(samples)


@pytest.mark.parametrize("name", DEPTHS)
def test_a_grey_tiff_of_any_depth_is_as_bright_as_it_should_be(photo_of, name):
    photo = photo_of(grey_tiff(name))

    assert (photo.grey, photo.deep) == (True, True)
    assert np.asarray(photo.image)[0].tolist() == [[grey] * 3 for grey in (0, 255, 128, 64)]


@needs_imagemagick
@pytest.mark.parametrize("name", ["12 bits", "16 bits, white is zero", "32 bits", "floats"])
def test_a_grey_tiff_is_as_imagemagick_shows_it(photo_of, tmp_path, name):
    (tmp_path / "a.tif").write_bytes(grey_tiff(name))

    right = np.asarray(by_imagemagick(tmp_path / "a.tif")).astype(int)
    assert np.abs(np.asarray(photo_of(grey_tiff(name)).image) - right).max() <= 1
