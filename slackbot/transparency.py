"""Colours for pixels that cannot be seen, so that enlarging draws no dark fringe out of them."""

import numpy as np
from PIL import Image


def bleed(image: Image.Image, alpha: Image.Image) -> Image.Image:
    """Give every fully transparent pixel of an RGB image the colour of what can be seen beside it.

    Push-pull (Gortler et al., The Lumigraph, 1996): halve the colours weighted with their alpha until no hole is left,
    then fill the holes of each size from the next smaller one. Visible pixels stay as they are.
    """
    weight = np.asarray(alpha, dtype=np.float32)[..., None] / 255
    hidden = weight == 0
    if not hidden.any() or hidden.all():
        return image
    colour = np.asarray(image, dtype=np.float32)
    filled = np.where(hidden, _fill(colour * weight, weight), colour)
    return Image.fromarray(filled.round().clip(0, 255).astype(np.uint8))


def _fill(colour: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Colour [H, W, 3] premultiplied with weight [H, W, 1] -> plain colour without holes."""
    known = weight > 0
    plain = np.divide(colour, weight, out=np.zeros_like(colour), where=known)
    if known.all() or max(colour.shape[:2]) == 1:
        return plain
    smaller = _fill(_half(colour), _half(weight))
    height, width = colour.shape[:2]
    return np.where(known, plain, smaller.repeat(2, axis=0).repeat(2, axis=1)[:height, :width])


def _half(values: np.ndarray) -> np.ndarray:
    """Means of 2x2 pixels; an odd edge is filled up with zeros, which weigh nothing."""
    height, width = values.shape[:2]
    even = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
