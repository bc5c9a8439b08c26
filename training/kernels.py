"""Blur and reduction by 4, as matrices, taps and kernels.

Along rows and columns both are linear, so together they are one matrix a side: exact and fast.
"""

import math
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from training import SCALE


def cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic with a = -1/2, Pillow's BICUBIC."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


REDUCTIONS = {  # kernels over distances in small pixels, as Pillow's resize defines them
    "bicubic": cubic,
    "area": lambda x: (np.abs(x) <= 0.5).astype(float),
    "bilinear": lambda x: np.clip(1 - np.abs(x), 0, None),
    "lanczos": lambda x: np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0),
}


@cache
def reduction_matrix(length: int, how: str) -> NDArray[np.float32]:
    """(length / 4, length): the antialiased reduction of one side, its weights renormalised at the borders."""
    small = (np.arange(length // SCALE) + 0.5) * SCALE
    weights = REDUCTIONS[how]((np.arange(length)[None] + 0.5 - small[:, None]) / SCALE)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def blur_matrix(length: int, taps: NDArray[np.float64]) -> NDArray[np.float32]:
    """(length, length): convolution of one side with an odd number of taps, mirrored at the borders."""
    radius = len(taps) // 2
    at = np.abs(np.arange(length)[:, None] + np.arange(-radius, radius + 1)[None])
    at = np.minimum(at, 2 * (length - 1) - at)
    matrix = np.zeros((length, length), np.float32)
    np.add.at(matrix, (np.arange(length)[:, None], at), taps[None].astype(np.float32))
    return matrix


def product(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """a @ b by PyTorch, which keeps to one thread in the processes that prepare pairs.

    NumPy's product takes every core in each of them: with 15 of them on 16 cores a step took 1.1 s in place of 0.1 s.
    """
    return (torch.from_numpy(np.ascontiguousarray(a)) @ torch.from_numpy(np.ascontiguousarray(b))).numpy()


def gaussian_taps(sigma: float) -> NDArray[np.float64]:
    radius = max(1, int(4 * sigma + 0.5))
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / max(sigma, 1e-3)) ** 2)
    return taps / taps.sum()


def box_taps(width: float) -> NDArray[np.float64]:
    """A box of any width from 1 px on: whole taps inside, a fraction at each end."""
    radius = int(np.ceil((width - 1) / 2))
    taps = np.clip((width + 1) / 2 - np.abs(np.arange(-radius, radius + 1)), 0, 1)
    return taps / taps.sum()


def sinc_taps(cutoff: float) -> NDArray[np.float64]:
    """A low pass with a hard edge at `cutoff` of the highest frequency: what rings beside every contour."""
    taps = np.sinc(np.arange(-10, 11) * cutoff) * np.hanning(23)[1:-1]
    return taps / taps.sum()


def disc_kernel(radius: float) -> NDArray[np.float64]:
    """A lens out of focus, (N, N): a disc of `radius` px with a soft rim."""
    reach = math.ceil(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = (radius + 0.5 - np.hypot(x, y)).clip(0, 1)
    return kernel / kernel.sum()


def motion_kernel(length: float, angle: float) -> NDArray[np.float64]:
    """A shaken camera, (N, N): a line of `length` px, 1 px wide, at `angle` radians."""
    reach = math.ceil(length / 2)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    kernel = (length / 2 + 0.5 - abs(along)).clip(0, 1) * (1 - abs(across)).clip(0, 1)
    return kernel / kernel.sum()
