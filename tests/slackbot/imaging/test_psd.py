"""The flat picture of a Photoshop file, and its transparency, as ImageMagick shows them."""

import struct
import subprocess

import numpy as np
import pytest
from PIL import Image

from docs.sample_files import psd
from slackbot.imaging.errors import DamagedPhoto, UnreadableKind
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.header import read_header
from slackbot.limits import PhotoLimits
from tests.other_decoders import IMAGEMAGICK, by_imagemagick, needs_imagemagick
from tests.slackbot.conftest import picture
from tests.slackbot.imaging.test_more_kinds import PROFILE, clear


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "1"])
def test_the_flat_picture_of_a_photoshop_file(photo_of, mode, packed):
    image = picture(41, 30).convert(mode)
    photo = photo_of(psd(image, layers=2, icc=PROFILE if mode == "RGB" else b"", packed=packed))

    assert (photo.source, photo.format, photo.pages) == (FORMATS["PSD"], FORMATS["PNG"], 1)
    assert photo.image.tobytes() == image.convert("RGB").tobytes()
    assert photo.icc == (PROFILE if mode == "RGB" else None)


@needs_imagemagick
def test_a_bitmap_of_photoshop_is_no_negative(photo_of, tmp_path):
    content = psd(picture(41, 30).convert("1"))
    (tmp_path / "a.psd").write_bytes(content)

    assert photo_of(content).image.tobytes() == by_imagemagick(tmp_path / "a.psd").tobytes()


@needs_imagemagick
@pytest.mark.parametrize("layers", [-1, 1])
def test_a_fourth_channel_is_transparency_or_a_selection(photo_of, tmp_path, layers):
    """Photoshop lays colours over white, and ImageMagick takes them off again."""
    image = clear(picture(40, 30))
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    paper.putalpha(image.getchannel("A"))
    content = psd(paper, layers)
    (tmp_path / "a.psd").write_bytes(content)
    photo = photo_of(content)

    if layers > 0:
        assert photo.alpha is None
        assert photo.image.tobytes() == paper.convert("RGB").tobytes()
        return
    right = by_imagemagick(tmp_path / "a.psd", "RGBA")
    assert photo.alpha
    assert photo.alpha.tobytes() == right.getchannel("A").tobytes()
    visible = np.asarray(photo.alpha) > 64
    for other in (right, picture(40, 30)):
        assert np.abs(np.asarray(photo.image, float) - np.asarray(other.convert("RGB")))[visible].max() <= 3


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("selections", [0, 1])
@pytest.mark.parametrize(
    ("mode", "white"), [("L", 255), ("RGB", (255, 255, 255)), ("CMYK", (0, 0, 0, 0)), ("LAB", (255, 128, 128))]
)
def test_transparency_is_the_first_channel_after_any_colours(photo_of, tmp_path, mode, white, selections, packed):
    image = picture(300, 20).convert(mode)
    alpha = (
        Image.linear_gradient("L").resize(image.size).point([max(0, min(255, 2 * value - 128)) for value in range(256)])
    )
    more = (alpha, *[Image.new("L", image.size, 77)] * selections)
    path = tmp_path / "a.psd"
    mixed = Image.composite(image, Image.new(mode, image.size, white), alpha)
    path.write_bytes(psd(mixed, -1, more=more, packed=packed))

    photo, plain = photo_of(path.read_bytes()), photo_of(psd(image)).image

    assert photo.alpha
    assert photo.alpha.tobytes() == alpha.tobytes()
    assert read_header(path, PhotoLimits()).facts == photo.facts
    visible = np.asarray(alpha) > 128
    assert np.abs(np.asarray(photo.image, float) - np.asarray(plain))[visible].mean() < 2
    path.write_bytes(psd(image, 1, more=more, packed=packed))
    assert photo_of(path.read_bytes()).alpha is None
    assert photo_of(path.read_bytes()).image.tobytes() == plain.tobytes()


def test_a_half_transparent_colour_of_lab(photo_of):
    """L 128 of 255, a 72 and b 0, laid over white; as sRGB by the formulas of CIELAB, from D50."""
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 4, 1, 1, 8, 9)
    layers = struct.pack(">IIh", 6, 2, -1)
    photo = photo_of(head + bytes(8) + layers + b"\0\0" + bytes([191, 164, 128, 128]))

    assert photo.alpha
    assert photo.alpha.getpixel((0, 0)) == 128
    assert photo.image.getpixel((0, 0)) == pytest.approx((222, 35, 123), abs=1)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "LAB"])
def test_a_selection_in_a_file_without_layers_is_no_transparency(photo_of, tmp_path, mode):
    bright = Image.new("RGB", (40, 30), (200, 150, 100)).convert(mode)
    path = tmp_path / "a.psd"
    path.write_bytes(psd(bright, more=(Image.new("L", bright.size, 60),)))

    photo = photo_of(path.read_bytes())

    assert photo.alpha is None
    assert photo.image.tobytes() == photo_of(psd(bright)).image.tobytes()
    assert read_header(path, PhotoLimits()).facts == photo.facts


@pytest.mark.parametrize("packed", [False, True])
def test_a_photoshop_file_that_lacks_a_part_of_its_transparency_is_damaged(photo_of, packed):
    content = psd(picture(40, 30), -1, more=(Image.new("L", (40, 30), 99), Image.new("L", (40, 30))), packed=packed)

    with pytest.raises(DamagedPhoto):
        photo_of(content[: -40 * 30 - 100])


@pytest.mark.parametrize("compression", [2, 3, 9])
def test_a_photoshop_file_of_another_compression_is_not_called_damaged(photo_of, compression):
    content = psd(picture(40, 30))
    at = len(content) - 3 * 40 * 30

    with pytest.raises(UnreadableKind):
        photo_of(content[: at - 2] + struct.pack(">H", compression) + content[at:])


@needs_imagemagick
@pytest.mark.parametrize("compression", ["RLE", "None"])
@pytest.mark.parametrize(
    "kind", ["TrueColor", "TrueColorAlpha", "Grayscale", "GrayscaleAlpha", "ColorSeparation", "ColorSeparationAlpha"]
)
def test_photoshop_files_of_imagemagick(photo_of, tmp_path, kind, compression):
    image = picture(40, 30)
    image.putalpha(Image.linear_gradient("L").resize(image.size).point([min(255, 2 * value) for value in range(256)]))
    image.save(tmp_path / "a.png")
    command = [IMAGEMAGICK, "a.png", "-type", kind, "-compress", compression, "a.psd"]
    subprocess.run(command, cwd=tmp_path, check=True)
    photo = photo_of((tmp_path / "a.psd").read_bytes())
    right = by_imagemagick(tmp_path / "a.psd", "RGBA")

    opaque = np.asarray(image.getchannel("A")) == 255
    assert opaque.any()
    assert np.abs(np.asarray(photo.image, float) - np.asarray(right.convert("RGB")))[opaque].max() <= 1
    assert (photo.alpha is not None) == kind.endswith("Alpha")
    assert not photo.alpha or photo.alpha.tobytes() == image.getchannel("A").tobytes()


@pytest.mark.parametrize(
    "content",
    [psd(picture(4, 4), bits=16), b"8BPS\0\2" + psd(picture(4, 4))[6:]],
    ids=["16 bits", "large document"],
)
def test_a_photoshop_file_of_a_kind_that_is_not_read_is_not_called_damaged(photo_of, content):
    with pytest.raises(UnreadableKind):
        photo_of(content)


def test_sizes_are_told_before_pixels_are_made(photo_of):
    content = bytearray(psd(picture(4, 4)))
    content[14:22] = struct.pack(">II", 9000, 9000)
    with pytest.raises(Exception, match=r"81\.0 megapixels"):
        photo_of(bytes(content))
