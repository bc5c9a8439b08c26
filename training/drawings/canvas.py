"""What every kind of drawing uses: its side, its colours, smooth edges."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

SIDE = 768
"""Width and height of a drawing, px."""
Generator = np.random.Generator
Colour = tuple[int, int, int]


def colour(rng: Generator, low: int = 0, high: int = 256) -> Colour:
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


def contrast(rng: Generator) -> tuple[Colour, Colour]:
    """A background and an ink that can be told apart; most often dark on light."""
    light, dark = colour(rng, 200), colour(rng, 0, 90)
    if rng.random() < 0.5:
        light = (255, 255, 255)
    if rng.random() < 0.4:
        grey = int(rng.integers(0, 50))
        dark = (grey, grey, grey)
    return (light, dark) if rng.random() < 0.7 else (dark, light)


def finer(rng: Generator, paint: Callable[[ImageDraw.ImageDraw, int, Generator], None], paper: Colour) -> Image.Image:
    """What `paint` draws at three times the size, reduced: smooth edges."""
    by = 3
    image = Image.new("RGB", (SIDE * by, SIDE * by), paper)
    paint(ImageDraw.Draw(image), by, rng)
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)
