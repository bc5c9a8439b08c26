"""The comparison: bicubic left, ours right."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from slackbot.imaging.comparison import comparison
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.photo import Photo
from slackbot.limits import PhotoLimits
from tests.slackbot.imaging.colours_elsewhere import by_littlecms, middles, shown
from tests.slackbot.imaging.test_colour_spaces import grey_profile, patches, with_profile


def photos(paint, width, height, name="PNG"):
    before = Photo(paint(width, height), FORMATS[name])
    return before, replace(before, image=Image.new("RGB", (4 * width, 4 * height), (1, 2, 3)))


def test_left_is_bicubic_and_right_is_ours(paint):
    before, after = photos(paint, 150, 100)

    sheet = np.asarray(comparison(before, after, PhotoLimits()).image)

    bicubic = np.asarray(before.image.resize(after.size, Image.Resampling.BICUBIC))
    assert sheet.shape[1] == 600
    assert (sheet[:400, :295] == bicubic[:, :295]).all()
    assert (sheet[:400, 305:] == (1, 2, 3)).all()
    assert (sheet[:, 300] == 255).all()
    left, right = sheet[405:, :295].max(axis=(0, 2)), sheet[405:, 305:].max(axis=(0, 2))
    assert left.max() == right.max() == 255, "a word on each side of the line"


def test_the_results_own_picture_is_left_alone(paint):
    before, after = photos(paint, 150, 100)
    comparison(before, after, PhotoLimits())

    assert after.image.getcolors() == [(600 * 400, (1, 2, 3))]


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (3, 900), (900, 3), (2000, 1500)])
def test_any_shape_has_room_for_its_labels_and_a_bounded_size(paint, size):
    sheet = comparison(*photos(paint, *size), PhotoLimits())

    assert min(sheet.size) >= 30
    assert sheet.image.width >= 200
    assert sheet.image.width * sheet.image.height < 20_000_000


@pytest.mark.parametrize(("kind", "shown"), [("PNG", "PNG"), ("GIF", "PNG"), ("JPEG", "JPEG"), ("TIFF", "JPEG")])
def test_it_comes_in_a_kind_that_slack_shows(paint, kind, shown):
    assert comparison(*photos(paint, 20, 20, kind), PhotoLimits()).format is FORMATS[shown]


def test_what_can_be_seen_through_lies_on_white(paint):
    before, after = photos(paint, 20, 20)
    clear = replace(after, alpha=Image.new("L", after.size, 0))

    sheet = comparison(replace(before, alpha=Image.new("L", before.size, 0)), clear, PhotoLimits())

    assert sheet.image.getpixel((10, 10)) == sheet.image.getpixel((sheet.image.width - 10, 10)) == (255, 255, 255)


def test_a_grey_photo_is_as_bright_as_its_profile_says(photo_of, written):
    """The sheet has colours, so the photo's own profile does not fit it."""
    grey, icc = patches().convert("L"), grey_profile(1.8)
    before = photo_of(with_profile(grey, icc))
    after = replace(before, image=grey.convert("RGB"))

    result = written(comparison(before, after, PhotoLimits()))

    larger = result.width // grey.width
    photos = result.crop((0, 0, result.width, larger * grey.height)).resize(grey.size, Image.Resampling.NEAREST)
    assert np.abs(shown(photos) - by_littlecms(grey, icc)).max() <= 2
    assert np.abs(shown(photos) - middles(np.asarray(grey.convert("RGB")))).max() > 10
