"""Every mode of a picture becomes RGB of the right colours, grey stays grey, and alpha stays."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageCms

from slackbot.imaging.formats import FORMATS
from tests.png import png

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
