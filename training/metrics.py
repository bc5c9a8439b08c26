"""How true a photo is: PSNR and SSIM on luma, as papers on super-resolution report them."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from training.degradation import Photo

SHAVE = 4
"""Pixels left out at every border: the scale, as is usual."""
_WINDOW = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
_WINDOW /= _WINDOW.sum()


def luma(photo: Photo) -> NDArray[np.float64]:
    """BT.601 studio-range luma, 16 to 235, (H, W)."""
    return 16 + photo.astype(float) @ (np.array((65.481, 128.553, 24.966)) / 255)


def _inner(photo: Photo) -> NDArray[np.float64]:
    return luma(photo)[SHAVE:-SHAVE, SHAVE:-SHAVE]


def psnr_y(photo: Photo, truth: Photo) -> float:
    """Peak signal-to-noise ratio in dB, infinite for equal photos."""
    error = np.mean((_inner(photo) - _inner(truth)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def _local(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return correlate1d(correlate1d(x, _WINDOW, 0), _WINDOW, 1)[5:-5, 5:-5]


def ssim_y(photo: Photo, truth: Photo) -> float:
    """Structural similarity with the 11x11 gaussian window of its paper (Wang et al., 2004), at most 1."""
    a, b = _inner(photo), _inner(truth)
    mean_a, mean_b = _local(a), _local(b)
    var_a, var_b = _local(a * a) - mean_a**2, _local(b * b) - mean_b**2
    covariance = _local(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    shares = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float((shares / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())
