"""What happens to a photo before it is shared, drawn at random for training.

First blur and reduction by 4, then any of sharpening, noise, another change of size, JPEG and WebP, some of them more
than once: the "second order" of Real-ESRGAN (arXiv:2107.10833). Blur along rows and columns and the reduction are
linear, so together they are one matrix a side: `small = rows @ photo @ columns.T`, exact and fast.
"""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.signal import oaconvolve

from training.kernels import (
    blur_matrix,
    box_taps,
    disc_kernel,
    gaussian_taps,
    motion_kernel,
    product,
    reduction_matrix,
    sinc_taps,
)

RESAMPLING = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
Photo = NDArray[np.uint8]
"""(H, W, 3), sRGB."""
Pixels = NDArray[np.float32]
"""(H, W, 3), about 0 to 255."""
Random = np.random.Generator
Step = Callable[[Pixels, Random], Pixels]
"""One thing that happens to a photo that is already small."""


def to_bytes(pixels: Pixels) -> Photo:
    return pixels.round().clip(0, 255).astype(np.uint8)


def through_codec(pixels: Pixels, codec: str, **options: int) -> Pixels:
    """Written as a file of `codec` (JPEG or WEBP) with Pillow's `options`, and read again."""
    file = io.BytesIO()
    Image.fromarray(to_bytes(pixels)).save(file, codec, **options)
    return np.asarray(Image.open(file).convert("RGB"), np.float32)


@dataclass(frozen=True)
class Sharpening:
    """Unsharp mask, which overshoots beside contours."""

    amount: float
    radius: float
    """sigma of the gaussian, small px"""

    def __call__(self, pixels: Pixels, _rng: Random) -> Pixels:
        soft = gaussian_filter(pixels, (self.radius, self.radius, 0))
        return (pixels + self.amount * (pixels - soft)).clip(0, 255)


@dataclass(frozen=True)
class Noise:
    """Camera noise; only this step draws from the `rng` that it is given."""

    strength: float
    """standard deviation, of 255"""
    signal: float = 0.0
    """0: the same everywhere; 1: its variance grows with brightness, as that of counted light does"""
    grey: bool = False
    """the same in all channels"""
    blur: float = 0.0
    """sigma, small px: what a camera's own reduction of noise leaves; 0 is none"""

    def __call__(self, pixels: Pixels, rng: Random) -> Pixels:
        noise = rng.standard_normal((*pixels.shape[:2], 1 if self.grey else 3), np.float32)
        if self.blur:
            noise = gaussian_filter(noise, (self.blur, self.blur, 0))
            noise /= noise.std() + 1e-6
        growth = np.sqrt(1 - self.signal + self.signal * pixels.clip(0) / 127.5)
        return (pixels + noise * self.strength * growth).astype(np.float32)


@dataclass(frozen=True)
class Resizing:
    """To another size and back: detail is lost, and blocks of earlier JPEGs no longer lie on the grid of the next."""

    factor: float
    there: Image.Resampling
    back: Image.Resampling

    def __call__(self, pixels: Pixels, _rng: Random) -> Pixels:
        height, width = pixels.shape[:2]
        other = (max(1, round(width * self.factor)), max(1, round(height * self.factor)))
        image = Image.fromarray(to_bytes(pixels)).resize(other, self.there)
        return np.asarray(image.resize((width, height), self.back), np.float32)


@dataclass(frozen=True)
class Jpeg:
    quality: int
    subsampling: int = 2
    """0 is 4:4:4, 2 is 4:2:0, as Pillow counts"""
    shift: tuple[int, int] = (0, 0)
    """how far the grid of blocks is moved down and across, px"""

    def __call__(self, pixels: Pixels, _rng: Random) -> Pixels:
        down, across = self.shift
        padded = np.pad(pixels, ((down, 0), (across, 0), (0, 0)), "edge") if down or across else pixels
        return through_codec(padded, "JPEG", quality=self.quality, subsampling=self.subsampling)[down:, across:]


@dataclass(frozen=True)
class WebP:
    quality: int

    def __call__(self, pixels: Pixels, _rng: Random) -> Pixels:
        return through_codec(pixels, "WEBP", quality=self.quality, method=2)


@dataclass(frozen=True)
class Degradation:
    """One way in which a photo may have been blurred, reduced by 4, and treated after that."""

    reduction: str = "bicubic"
    taps: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    """blur down and across at full resolution"""
    kernel: NDArray[np.float64] | None = None
    """blur that cannot be split into the two"""
    steps: tuple[Step, ...] = ()

    def __call__(self, photo: Photo, rng: Random) -> Photo:
        """uint8 (H, W, 3), sides multiples of 4, to uint8 (H/4, W/4, 3)."""
        pixels = photo.astype(np.float32)
        if self.kernel is not None:
            reach = len(self.kernel) // 2
            padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), "symmetric")
            pixels = oaconvolve(padded, self.kernel[..., None].astype(np.float32), "valid", axes=(0, 1))
        rows, columns = (self._side(length, i) for i, length in enumerate(photo.shape[:2]))
        down = product(rows, pixels.reshape(len(photo), -1)).reshape(len(rows), -1, 3)
        small = product(columns, down.swapaxes(0, 1).reshape(photo.shape[1], -1))
        small = small.reshape(len(columns), -1, 3).swapaxes(0, 1)
        for step in self.steps:
            small = step(small, rng)
        return to_bytes(small)

    def _side(self, length: int, side: int) -> NDArray[np.float32]:
        reduce = reduction_matrix(length, self.reduction)
        return reduce if self.taps is None else product(reduce, blur_matrix(length, self.taps[side]))


CLEAN = Degradation()


def sample_degradation(rng: Random) -> Degradation:
    """One degradation at random: two in five none or as photos are shared, in the rest one to three things go wrong."""
    if rng.random() < 0.05:
        return CLEAN
    return sample_shared(rng) if rng.random() < 0.37 else sample_troubled(rng)


def sample_shared(rng: Random) -> Degradation:
    """A good photo: a little soft, reduced, compressed once or twice."""
    widths = np.full(2, rng.uniform(0.1, 1.3)) if rng.random() < 0.85 else rng.uniform(0.1, 1.8, 2)
    subsampling = 2 if rng.random() < 0.8 else 0
    qualities = rng.integers(45, 98, int(rng.choice(3, p=(0.1, 0.75, 0.15))))
    return Degradation(
        reduction=_sample_reduction(rng),
        taps=(gaussian_taps(widths[0]), gaussian_taps(widths[1])),
        steps=tuple(Jpeg(int(quality), subsampling) for quality in qualities),
    )


def sample_troubled(rng: Random) -> Degradation:
    """One to three of: blur, noise, sharpening, a change of size, several compressions, WebP."""
    names = ("blur", "noise", "sharpening", "enlarged", "saved", "webp")
    count = int(rng.choice((1, 2, 3), p=(0.65, 0.28, 0.07)))
    troubles = set(rng.choice(names, count, replace=False, p=(0.15, 0.21, 0.19, 0.13, 0.20, 0.12)))
    taps, kernel = _sample_blur(rng) if "blur" in troubles else (None, None)
    if taps is None and kernel is None and rng.random() < 0.4:
        soft = gaussian_taps(rng.uniform(0.2, 1.2))
        taps = (soft, soft)
    steps: list[Step] = []
    if "enlarged" in troubles:
        back = RESAMPLING[rng.integers(2)]
        steps.append(Resizing(1 / rng.uniform(1.4, 2.6), Image.Resampling.BICUBIC, back))
    if "noise" in troubles:
        steps.append(_sample_noise(rng))
    if "sharpening" in troubles:
        steps.append(Sharpening(float(rng.uniform(0.8, 2.6)), float(rng.uniform(0.6, 1.6))))
    if "saved" in troubles:
        steps.append(_sample_jpeg(rng, 20, 75))
        if rng.random() < 0.8:
            how = RESAMPLING[rng.integers(3)]
            steps.append(Resizing(float(rng.uniform(0.55, 1.45)), how, how))
        if rng.random() < 0.2:
            steps.append(_sample_jpeg(rng, 30, 90))
    if "webp" in troubles:
        steps.append(WebP(int(rng.integers(20, 80))))
    elif rng.random() < 0.9:
        steps.append(_sample_jpeg(rng, 35, 96) if rng.random() < 0.85 else _sample_jpeg(rng, 15, 50))
    return Degradation(_sample_reduction(rng), taps, kernel, tuple(steps))


def _sample_reduction(rng: Random) -> str:
    return str(rng.choice(("bicubic", "area", "bilinear", "lanczos"), p=(0.4, 0.4, 0.1, 0.1)))


Blur = tuple[tuple[NDArray[np.float64], NDArray[np.float64]] | None, NDArray[np.float64] | None]


def _sample_blur(rng: Random) -> Blur:
    """Separable taps or a kernel: gaussian (sigma to 4.5 px), out of focus, shaken, box or ringing."""
    kind, size = rng.random(), rng.uniform(1.2, 4.2)
    if kind < 0.4:
        widths = np.full(2, size) if rng.random() < 0.7 else rng.uniform(0.5, 4.5, 2)
        return (gaussian_taps(widths[0]), gaussian_taps(widths[1])), None
    if kind < 0.6:
        return None, disc_kernel(2 * size)
    if kind < 0.8:
        return None, motion_kernel(3.5 * size, rng.uniform(0, math.pi))
    taps = box_taps(rng.uniform(1, 9)) if kind < 0.9 else sinc_taps(rng.uniform(0.15, 0.4))
    return (taps, taps), None


def _sample_noise(rng: Random) -> Noise:
    return Noise(
        strength=math.exp(rng.uniform(math.log(2), math.log(30))),
        signal=float(rng.uniform()),
        grey=bool(rng.random() < 0.4),
        blur=float(rng.uniform(0.4, 1.1)) if rng.random() < 1 / 3 else 0.0,
    )


def _sample_jpeg(rng: Random, lowest: int, highest: int) -> Jpeg:
    subsampling, shift = 2 if rng.random() < 0.85 else 0, rng.integers(0, 8, 2)
    return Jpeg(int(rng.integers(lowest, highest + 1)), subsampling, (int(shift[0]), int(shift[1])))
