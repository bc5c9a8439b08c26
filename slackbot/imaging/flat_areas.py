"""Areas of one colour, where there is nothing to enhance."""

import numpy as np
from PIL import Image

from slackbot.imaging.neighbourhood import around

_REACH = 4  # pixels on each side that have to be of the same colour


def keep_flat(image: Image.Image, enlarged: Image.Image) -> Image.Image:
    """Give an enlarged RGB picture the very colour of its original wherever that is flat all around."""
    pixels = np.asarray(image)
    flat = (around(pixels, np.maximum, _REACH) == around(pixels, np.minimum, _REACH)).all(axis=2)
    if not flat.any():
        return enlarged
    nearest = Image.Resampling.NEAREST
    mask = Image.fromarray(flat.astype(np.uint8) * 255).resize(enlarged.size, nearest)
    return Image.composite(image.resize(enlarged.size, nearest), enlarged, mask)
