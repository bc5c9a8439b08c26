"""How much larger a photo may become, and in which format."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from slackbot.imaging.errors import PhotoTooLarge
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.photo import Facts, plan_result
from slackbot.limits import PhotoLimits

LIMITS = PhotoLimits()


def planned(size, kind, wanted=4, frames=1, clear=False, limits=LIMITS):
    return plan_result(Facts(size, FORMATS[kind], frames, clear), wanted, limits)


@pytest.mark.parametrize(
    ("size", "kind", "clear", "scale", "written"),
    [
        ((2000, 2000), "PNG", False, 4, "PNG"),
        ((2000, 2001), "PNG", False, 3.99, "PNG"),
        ((4000, 4000), "JPEG", False, 2, "JPEG"),
        ((5712, 4284), "JPEG", False, 1.61, "JPEG"),  # a phone of today
        ((8000, 8000), "JPEG", False, 1, "JPEG"),
        ((16_375, 100), "JPEG", False, 4, "JPEG"),
        ((16_376, 100), "JPEG", False, 4, "PNG"),
        ((100, 9000), "WebP", False, 4, "PNG"),
        ((4095, 100), "WebP", False, 4, "WebP"),
        ((4096, 100), "WebP", False, 4, "PNG"),
        ((2000, 2000), "WebP", False, 4, "WebP"),
        ((1000, 1000), "WebP", True, 4, "WebP"),
        ((1000, 1001), "WebP", True, 4, "PNG"),
        ((2000, 2000), "JPEG", True, 4, "JPEG"),  # on white
    ],
)
def test_a_photo_gets_as_many_pixels_as_fit_and_png_where_its_kind_ends(size, kind, clear, scale, written):
    plan = planned(size, kind, clear=clear)

    assert (plan.scale, plan.format.name) == (scale, written)
    assert planned(size, kind, 2, clear=clear).scale == min(2, scale)


@pytest.mark.parametrize(
    ("size", "frames", "scale"),
    [((480, 270), 30, 4), ((480, 270), 60, 2), ((480, 270), 50, 3), ((640, 480), 100, 1), ((480, 270), 300, 1)],
)
def test_an_animation_has_a_whole_scale_at_which_all_frames_fit(size, frames, scale):
    assert planned(size, "GIF", frames=frames).scale == scale


@pytest.mark.parametrize("size", [(8000, 8001), (64_000_001, 1)])
def test_more_than_fits_as_it_is_is_too_large(size):
    with pytest.raises(PhotoTooLarge, match=r"megapixels; I can take up to 64\."):
        planned(size, "PNG")


@given(st.integers(1, 9000), st.integers(1, 9000), st.sampled_from(["JPEG", "WebP", "PNG", "TIFF"]), st.booleans())
def test_a_result_is_never_smaller_nor_over_the_limit_and_uses_what_there_is(width, height, kind, clear):
    if width * height > LIMITS.output_pixels:
        return
    plan = planned((width, height), kind, clear=clear)

    assert plan.size[0] >= width
    assert plan.size[1] >= height
    assert plan.size[0] * plan.size[1] <= LIMITS.output_pixels
    assert max(plan.size) <= plan.format.side
    if plan.scale < 4:
        assert width * height * (plan.scale + 0.01) ** 2 > LIMITS.output_pixels


def test_a_photo_over_the_limit_is_refused_before_its_pixels_are_read(photo_of, encode):
    content = encode(Image.new("L", (40, 30)))

    assert photo_of(content).size == (40, 30)
    with pytest.raises(PhotoTooLarge, match="40 × 30"):
        planned((40, 30), "PNG", limits=replace(LIMITS, output_pixels=1199))
