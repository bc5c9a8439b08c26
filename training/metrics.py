"""How true a photo is: PSNR and SSIM on luma, as papers report them; how much detail and how much grid it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy.ndimage import correlate1d, gaussian_filter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.degradation import Photo

SHAVE = 4
"""Pixels left out at every border: the scale, as is usual."""
NEAR = (4, 9)
"""How many bins of the spectrum away a peak's neighbours begin and end."""
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


def consistency(photo: Photo, small: Photo) -> float:
    """PSNR in dB, of all channels, between the photo reduced by 4 (Pillow's bicubic) and the small one it came from."""
    height, width = small.shape[:2]
    again = np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BICUBIC))
    error = np.mean((again.astype(float) - small) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def detail(photo: Photo, truth: Photo) -> float:
    """How much fine detail the photo holds, of the truth's: 1 is right, less is blurred, more is noise or oversharp.

    Fine detail is luma less itself under a gaussian of sigma 1 px; its amount is the standard deviation.
    """
    fine, wanted = (luma_ - gaussian_filter(luma_, 1) for luma_ in (_inner(photo), _inner(truth)))
    return float((fine.std() + 0.01) / (wanted.std() + 0.01))


def grid(photo: Photo, truth: Photo) -> float:
    """dB by which periods of 4 and 2 px, along rows or columns, stand out more than in the truth, at the worst; or 0.

    An enlargement by 4 leaves a grid of just these two periods, where its network learned it. Sides are 48 px or more.
    """
    return float(max(0.0, (periods(_inner(photo)) - periods(_inner(truth)).clip(0)).max()))


def neighbours(peak: int, highest: int) -> list[int]:
    """The bins of a spectrum that the one at `peak` is compared with; `highest` is the last that there is."""
    begin, end = NEAR
    return [k for k in range(peak - end, min(peak + end, highest) + 1) if abs(k - peak) >= begin]


def periods(luma_: NDArray[np.float64]) -> NDArray[np.float64]:
    """(4,): dB of the power at 4 and 2 px over that of frequencies near them, along rows, then along columns."""
    found = []
    for whole in (luma_, luma_.T):
        lines = whole[:, : whole.shape[1] // 4 * 4]
        length = lines.shape[1]
        window = np.hanning(length + 1)[:length]
        spectrum = np.fft.rfft((lines - lines.mean(1, keepdims=True)) * window)
        power = (abs(spectrum) ** 2).mean(0) + (window**2).sum() / 12  # what rounding to bytes adds
        for peak in (length // 4, length // 2):
            beside = np.exp(np.log(power[neighbours(peak, length // 2)]).mean())
            found.append(10 * np.log10(power[peak - 1 : peak + 2].mean() / beside))
    return np.array(found)
