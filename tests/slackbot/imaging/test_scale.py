"""How much larger a photo may become."""

import pytest
from PIL import Image

from slackbot.imaging.errors import PhotoTooLarge
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.photo import choose_scale


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
    assert choose_scale(size, 4, FORMATS[kind], limits) == scale
    assert choose_scale(size, 2, FORMATS[kind], limits) == 2


def test_what_can_be_seen_through_takes_more_memory_as_webp(limits, photo_of, encode):
    assert choose_scale((1000, 1000), 4, FORMATS["WebP"], limits, clear=True) == 4
    assert choose_scale((1000, 1001), 4, FORMATS["WebP"], limits, clear=True) == 2
    assert choose_scale((2000, 2000), 4, FORMATS["PNG"], limits, clear=True) == 4
    assert choose_scale((2000, 2000), 4, FORMATS["JPEG"], limits, clear=True) == 4, "on white"
    with pytest.raises(PhotoTooLarge, match="I can take up to 4"):
        choose_scale((2000, 2001), 4, FORMATS["WebP"], limits, clear=True)

    for size, kind in (((2000, 2000), "WebP"), ((2000, 2001), "PNG")):
        clear = Image.new("RGBA", size, (1, 2, 3, 77))
        assert photo_of(encode(clear, "WEBP")).format is FORMATS[kind]


@pytest.mark.parametrize(("size", "kind"), [((4000, 4001), "PNG"), ((8192, 10), "WebP")])
def test_what_does_not_even_fit_at_2x_is_too_large(limits, size, kind):
    with pytest.raises(PhotoTooLarge, match="I can take"):
        choose_scale(size, 4, FORMATS[kind], limits)
