"""Areas of one colour come back in just that colour."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from slackbot.imaging.flat_areas import keep_flat
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.photo import Photo
from slackbot.inference.enhancer import Enhancer
from slackbot.limits import PhotoLimits, ServerLimits


class Tinted:
    """A model that is a little wrong about every colour."""

    def check(self) -> None: ...
    def find_model(self) -> None: ...

    def enlarge(self, tile):
        return (tile.repeat(4, axis=0).repeat(4, axis=1) ^ 3).astype(np.uint8), "7"


def icon() -> Image.Image:
    image = Image.new("RGB", (64, 64), (100, 100, 100))
    image.paste((20, 200, 90), (32, 0, 64, 64))
    return image


def test_far_from_edges_an_icon_keeps_its_colours_exactly():
    result = np.asarray(Enhancer(Tinted(), ServerLimits(), PhotoLimits())(Photo(icon(), FORMATS["PNG"]), 4).photo.image)

    assert (result[:, : 4 * 28] == (100, 100, 100)).all()
    assert (result[:, 4 * 36 :] == (20, 200, 90)).all()
    assert (result[:, 4 * 30] == (103, 103, 103)).all(), "at the edge it is the model's"


def test_a_photo_is_the_models_alone():
    large = icon().resize((300, 300), Image.Resampling.NEAREST)
    result = np.asarray(Enhancer(Tinted(), ServerLimits(), PhotoLimits())(Photo(large, FORMATS["PNG"]), 4).photo.image)

    assert (result[:, 0] == (103, 103, 103)).all()


def test_nothing_flat_changes_nothing(paint):
    image = paint(40, 30)
    enlarged = image.resize((160, 120))

    assert keep_flat(image, enlarged) is enlarged


def test_an_opaque_or_even_alpha_stays_exactly_so():
    for value in (255, 77):
        photo = Photo(icon(), FORMATS["PNG"], alpha=Image.new("L", (64, 64), value))
        for bicubic in (False, True):
            alpha = Enhancer(Tinted(), ServerLimits(), PhotoLimits())(photo, 4, bicubic=bicubic).photo.alpha
            assert alpha
            assert alpha.getextrema() == (value, value)


def test_bicubic_keeps_flat_grey_exactly():
    photo = Photo(Image.new("RGB", (30, 30), (77, 77, 77)), FORMATS["PNG"], grey=True)

    assert Enhancer(Tinted(), ServerLimits(), PhotoLimits())(photo, 4, bicubic=True).photo.image.getcolors() == [
        (14400, (77, 77, 77))
    ]


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (9, 9), (40, 30)], ids=str)
def test_flat_is_what_a_filter_of_nine_pixels_finds(size):
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 2, (size[1], size[0], 3), np.uint8)
    pixels[: size[1] // 2] = 1
    image = Image.fromarray(pixels)
    highest, lowest = image.filter(ImageFilter.MaxFilter(9)), image.filter(ImageFilter.MinFilter(9))
    flat = (np.asarray(highest) == np.asarray(lowest)).all(axis=2).repeat(4, axis=0).repeat(4, axis=1)
    result = np.asarray(keep_flat(image, Image.new("RGB", (4 * size[0], 4 * size[1]), (7, 7, 7))))

    assert ((result != 7).all(axis=2) == flat).all()
