"""Colours for fully transparent pixels, so that enlarging makes no dark fringes."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

_BAND = 256  # rows at a time, an even number: in floats a whole photo of 16 megapixels would take a gigabyte


def bleed(image: Image.Image, alpha: Image.Image) -> Image.Image:
    """Give every fully transparent pixel of an RGB image the colour of what can be seen beside it.

    Push-pull (Gortler et al., The Lumigraph, 1996): halve the colours weighted with their alpha until no hole is left,
    then fill the holes of each size from the next smaller one. Visible pixels stay as they are.
    """
    pixels, opacity = np.array(image), np.asarray(alpha)[..., None]
    if opacity.all() or not opacity.any():
        return image
    height, width, _ = pixels.shape
    colour = np.empty((-(-height // 2), -(-width // 2), 3), np.float32)
    weight = np.empty((*colour.shape[:2], 1), np.float32)
    for rows, halves in _bands(height):
        weight[halves] = _half(opacity[rows] / np.float32(255))
        colour[halves] = _half(pixels[rows] * (opacity[rows] / np.float32(255)))
    filled = _fill(colour, weight)
    for rows, halves in _bands(height):
        beside = _double(filled[halves], pixels[rows]).round().clip(0, 255).astype(np.uint8)
        np.copyto(pixels[rows], beside, where=opacity[rows] == 0)
    return Image.fromarray(pixels)


def _fill(colour: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Colour [H, W, 3] premultiplied with weight [H, W, 1] -> plain colour without holes, in the same memory."""
    holes = not weight.all()
    smaller = _fill(_half(colour), _half(weight)) if holes and max(colour.shape[:2]) > 1 else None
    for rows, halves in _bands(len(colour)):
        known = weight[rows] > 0
        np.divide(colour[rows], weight[rows], out=colour[rows], where=known)
        if smaller is not None:
            np.copyto(colour[rows], _double(smaller[halves], colour[rows]), where=~known)
    return colour


def _bands(height: int) -> Iterator[tuple[slice, slice]]:
    """Some rows, and the same rows where the height is halved."""
    for top in range(0, height, _BAND):
        bottom = min(top + _BAND, height)
        yield slice(top, bottom), slice(top // 2, -(-bottom // 2))


def _double(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Each value twice as wide and high; as large as `like`, which may be odd."""
    return values.repeat(2, axis=0).repeat(2, axis=1)[: like.shape[0], : like.shape[1]]


def _half(values: np.ndarray) -> np.ndarray:
    """Means of 2x2 pixels; an odd edge is filled up with zeros, which weigh nothing."""
    height, width = values.shape[:2]
    even = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0))) if height % 2 or width % 2 else values
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
