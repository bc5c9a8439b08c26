"""The extremes around each pixel, which tell where a picture is flat and where it has edges."""

from collections.abc import Callable

import numpy as np


def around(pixels: np.ndarray, extreme: Callable[..., np.ndarray], reach: int) -> np.ndarray:
    """The largest or smallest value (`np.maximum` or `np.minimum`) in the square that begins `reach` pixels before each
    pixel and ends as many behind it; of each channel, (H, W) or (H, W, C).

    It is found down and then across. Pillow's filters do the same in many times the time.
    """
    for _ in range(2):
        found = pixels.copy(order="K")  # as it lies in memory, also when it is seen across
        for step in range(1, reach + 1):
            extreme(found[step:], pixels[:-step], out=found[step:])
            extreme(found[:-step], pixels[step:], out=found[:-step])
        pixels = found.swapaxes(0, 1)
    return pixels
