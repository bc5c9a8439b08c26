"""Colours for what cannot be seen."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from slackbot.imaging.alpha_bleed import bleed


@pytest.mark.parametrize("size", [(1, 2), (2, 1), (3, 5), (300, 17), (64, 513), (129, 1025)])
def test_hidden_pixels_take_the_colour_beside_them_and_seen_ones_stay(size):
    width, height = size
    pixels = np.full((height, width, 3), (200, 40, 90), np.uint8)
    hidden = np.arange(width * height).reshape(height, width) % 3 != 0
    pixels[hidden] = 0

    bled = bleed(Image.fromarray(pixels), Image.fromarray(np.where(hidden, 0, 255).astype(np.uint8)))

    assert bled.getcolors() == [(width * height, (200, 40, 90))]


def test_a_faint_pixel_keeps_its_colour():
    image, alpha = Image.new("RGB", (4, 1), "black"), Image.new("L", (4, 1))
    image.putpixel((0, 0), (9, 99, 199))
    alpha.putpixel((0, 0), 1)

    assert bleed(image, alpha).getcolors() == [(4, (9, 99, 199))]


def test_a_large_photo_takes_little_memory(paint):
    image, alpha = paint(1500, 1500), Image.new("L", (1500, 1500))
    alpha.paste(255, (0, 0, 750, 1500))

    tracemalloc.start()
    bleed(image, alpha)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most / (1500 * 1500) < 16, "bytes for each pixel; all of it in floats at once took 69"
