"""The extremes around each pixel are those that Pillow's filters find."""

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageFilter

from slackbot.imaging.neighbourhood import around


@pytest.mark.parametrize("reach", [1, 4])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (2, 3), (61, 40)], ids=str)
def test_the_spread_is_that_of_pillows_filters(shape, reach):
    grey = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    image = Image.fromarray(grey)
    side = 2 * reach + 1
    most, least = image.filter(ImageFilter.MaxFilter(side)), image.filter(ImageFilter.MinFilter(side))
    spread = around(grey, np.maximum, reach) - around(grey, np.minimum, reach)

    assert np.array_equal(spread, np.asarray(ImageChops.subtract(most, least)))
