"""Which drawing comes when."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from training.drawings.art import comic, line_art, patterns
from training.drawings.canvas import Generator
from training.drawings.charts import chart
from training.drawings.clip_art import clip_art
from training.drawings.documents import interface, sheet, text_page

KINDS: tuple[Callable[[Generator], Image.Image], ...] = (
    text_page, text_page, text_page, interface, interface, sheet, chart,
    line_art, comic, patterns, clip_art, clip_art, clip_art,
)  # fmt: skip
"""Drawn in turn; what is shared most often stands in it more than once."""


def draw(seed: int, number: int) -> Image.Image:
    """Drawing `number` of `seed`: always the same with the same fonts and clip art."""
    return KINDS[number % len(KINDS)](np.random.default_rng((seed, number)))
