"""A result is compressed no worse than its photo; ImageMagick says how that was."""

import io
import shutil
import subprocess
from dataclasses import replace
from functools import partial

import numpy as np
import pillow_heif
import pytest
import skimage.data
from PIL import Image, ImageDraw, ImageFont

from slackbot.imaging import coding
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.photo import plan_result
from slackbot.limits import MEGAPIXEL, PhotoLimits

needs_identify = pytest.mark.skipif(shutil.which("identify") is None, reason="ImageMagick is not installed")


def identified(image: Image.Image, what: str) -> str:
    """What ImageMagick says of the file of a picture."""
    file = image.fp  # pyright: ignore[reportAttributeAccessIssue]
    file.seek(0)
    command = ["identify", "-format", what, "-"]
    return subprocess.run(command, input=file.read(), capture_output=True, check=True).stdout.decode()


@needs_identify
@pytest.mark.parametrize("quality", [30, 85, 92, 95, 98, 100])
@pytest.mark.parametrize(
    ("sampling", "factors"), [("4:4:4", "1x1,1x1,1x1"), ("4:2:2", "2x1,1x1,1x1"), ("4:2:0", "2x2,1x1,1x1")]
)
def test_a_jpeg_keeps_its_sampling_and_is_no_worse(photo_of, written, paint, encode, quality, sampling, factors):
    result = written(photo_of(encode(paint(40, 30), "JPEG", quality=quality, subsampling=sampling)))

    assert identified(result, "%[jpeg:sampling-factor]") == factors
    assert int(identified(result, "%Q")) == max(92, quality)


def test_no_number_of_a_jpeg_is_coarser(photo_of, written, paint, encode):
    odd = [[min(255, 1 + 7 * (index % 9)) for index in range(64)], [200 - 3 * index for index in range(64)]]
    content = encode(paint(40, 30), "JPEG", qtables=odd)

    with Image.open(io.BytesIO(content)) as given:
        before = given.quantization  # pyright: ignore[reportAttributeAccessIssue]
    after = written(photo_of(content)).quantization

    usual = written(photo_of(encode(paint(40, 30), "PNG")).written_as(FORMATS["JPEG"])).quantization
    for index in (0, 1):
        assert (np.array(after[index]) <= np.array(before[index])).all()
        assert (np.array(after[index]) <= np.array(usual[index])).all()


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_jpegs_without_three_channels(photo_of, written, paint, encode, mode):
    result = written(photo_of(encode(paint(40, 30).convert(mode), "JPEG", quality=97)))

    assert result.mode == ("L" if mode == "L" else "RGB")
    assert result.size == (40, 30)


@needs_identify
@pytest.mark.parametrize(("chroma", "factors"), [(444, "1x1,1x1,1x1"), (420, "2x2,1x1,1x1")])
def test_a_heic_keeps_its_sampling_as_a_jpeg(photo_of, written, paint, chroma, factors):
    out = io.BytesIO()
    pillow_heif.from_pillow(paint(64, 64)).save(out, chroma=chroma)

    assert identified(written(photo_of(out.getvalue())), "%[jpeg:sampling-factor]") == factors


@needs_identify
def test_a_png_that_becomes_a_jpeg_keeps_all_its_colours(photo_of, written, paint, encode):
    photo = photo_of(encode(paint(40, 30), "PNG")).written_as(FORMATS["JPEG"])

    assert identified(written(photo), "%[jpeg:sampling-factor]") == "1x1,1x1,1x1"


@pytest.mark.skipif(shutil.which("avifenc") is None, reason="avifenc is not installed")
@pytest.mark.parametrize("sampling", ["444", "422", "420"])
def test_the_sampling_of_an_avif(paint, tmp_path, sampling):
    paint(64, 64).save(tmp_path / "in.png")
    subprocess.run(["avifenc", "-y", sampling, "in.png", "out.avif"], cwd=tmp_path, check=True, capture_output=True)

    with Image.open(tmp_path / "out.avif") as image:
        assert coding.read(image, partial((tmp_path / "out.avif").open, "rb")).sampling == ":".join(sampling)


@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize("clear", [False, True])
def test_a_lossless_webp_stays_lossless(photo_of, written, paint, encode, moving, clear):
    image = paint(40, 30)
    if clear:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    more = {"save_all": True, "append_images": [image.rotate(180)], "duration": 90} if moving else {}
    photo = photo_of(encode(image, "WEBP", lossless=True, exact=True, **more))
    expected = photo.image.copy()

    result = written(photo)

    assert photo.coding.lossless
    seen = np.array(result.convert("RGBA"))
    visible = seen[..., 3] > 0
    assert (seen[..., :3][visible] == np.asarray(expected)[visible]).all()
    assert not photo_of(encode(paint(40, 30), "WEBP", **({} if not moving else {"save_all": True}))).coding.lossless


def test_a_lossless_webp_that_takes_too_much_memory_becomes_png(photo_of, paint, encode):
    photo = photo_of(encode(paint(80, 60), "WEBP", lossless=True))
    limits = PhotoLimits()

    large = plan_result(replace(photo, image=Image.new("RGB", (3000, 2000))).facts, 4, limits)
    small = plan_result(replace(photo, image=Image.new("RGB", (1000, 1000))).facts, 4, limits)

    assert large.format is FORMATS["PNG"]
    assert large.size[0] * large.size[1] > 16 * MEGAPIXEL
    assert small.format is FORMATS["WebP"]


def page(size: int) -> Image.Image:
    """Lines of text."""
    image = Image.new("RGB", (600, 400), (250, 250, 245))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for top in range(5, 390, int(size * 1.6)):
        draw.text(
            (10, top), "The quick brown fox jumps over the lazy dog, 0123456789 times", font=font, fill=(20, 20, 40)
        )
    return image


def bars() -> Image.Image:
    """A chart."""
    image = Image.new("RGB", (600, 400), "white")
    draw = ImageDraw.Draw(image)
    for index in range(14):
        draw.rectangle((20 + 40 * index, 380 - 25 * index, 50 + 40 * index, 390), fill=(200, 40, 40))
        draw.text((22 + 40 * index, 360 - 25 * index), f"{index}.5", font=ImageFont.load_default(14), fill="black")
    return image


@pytest.mark.parametrize("quality", [70, 90])
@pytest.mark.parametrize("image", [page(11), page(16), page(28), bars()], ids=["small", "usual", "large", "bars"])
def test_text_and_drawings_are_told(photo_of, encode, image, quality):
    assert photo_of(encode(image, "JPEG", quality=quality)).coding.drawn


@pytest.mark.parametrize(
    "name",
    ["astronaut", "rocket", "chelsea", "coffee", "camera", "moon", "coins", "hubble_deep_field", "clock", "retina"],
)
def test_from_photos(photo_of, encode, name):
    image = Image.fromarray(np.ascontiguousarray(getattr(skimage.data, name)())).convert("RGB")

    assert not photo_of(encode(image, "JPEG")).coding.drawn
