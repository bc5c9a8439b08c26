"""What Pillow leaves out of a Photoshop file's flat picture: what its fourth channel is."""

import struct

import numpy as np
from PIL import Image

from slackbot.imaging.formats import Source

_BAND = 256  # rows at a time


def flat(image: Image.Image, source: Source) -> Image.Image:
    """The loaded flat picture as one that can be pasted: without selections, its colours not mixed with white."""
    if image.mode != "RGBA":
        return image
    return _unmixed(image) if _is_transparent(source) else image.convert("RGB")


def _is_transparent(source: Source) -> bool:
    """A negative number of layers says that the first channel after the colours is transparency (Adobe's format)."""
    with source() as file:
        file.seek(26)
        for _ in range(2):  # colours, resources
            file.seek(int.from_bytes(file.read(4), "big"), 1)
        layers = file.read(10)
    return len(layers) == 10 and struct.unpack(">IIh", layers)[2] < 0


def _unmixed(image: Image.Image) -> Image.Image:
    """Colours that were laid over white, as they are without."""
    pixels = np.array(image)
    for top in range(0, len(pixels), _BAND):
        band = pixels[top : top + _BAND]
        alpha = band[..., 3:].astype(np.float32) / 255
        colours = (band[..., :3] - 255 * (1 - alpha)) / np.maximum(alpha, 1 / 255)
        band[..., :3] = np.where(alpha > 0, colours.round().clip(0, 255), band[..., :3])
    return Image.fromarray(pixels)
