"""The fixed degradations that results are reported on, always the same for the same photo.

clean   reduction by 4 with Pillow's bicubic
shared  blur (sigma 0.2 to 1.2 px), reduction by 4 (bicubic or area), JPEG (quality 50 to 95, 4:2:0)
wild    one of six troubles a photo, by its place among the sorted names of its set: camera noise, saved several times
        as JPEG, blurred, enlarged before, oversharpened, WebP
"""

import hashlib
import io
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import convolve, gaussian_filter

from training import SCALE
from training.defaults import KINDS
from training.degradation import Photo

Random = np.random.Generator


def validation(photo: Photo, kind: str, name: str, place: int = 0) -> Photo:
    """uint8 (H, W, 3) to uint8 (H/4, W/4, 3), as `kind` says, drawn from `name`, which is "SET/STEM".

    `place` is that of the photo among the sorted names of its set; it decides the trouble of `wild`. Raises ValueError
    where there is no such kind. Every step rounds to 8 bits: others repeat it to the bit.
    """
    height, width = (length // SCALE * SCALE for length in photo.shape[:2])
    photo = photo[:height, :width]
    if kind == "clean":
        return _reduce(photo, Image.Resampling.BICUBIC)
    if kind == "shared":
        rng = _random(name)
        sigma, how = rng.uniform(0.2, 1.2), (Image.Resampling.BICUBIC, Image.Resampling.BOX)[rng.integers(2)]
        quality = int(rng.integers(50, 96))
        return _coded(_reduce(_each(photo, lambda x: gaussian_filter(x, sigma)), how), "JPEG", quality)
    if kind == "wild":
        return SCENARIOS[scenario(place)](photo, _random(f"wild/{name}"))
    raise ValueError(f"no such degradation: {kind} (there are {', '.join(KINDS)})")


def scenario(place: int) -> str:
    """The trouble that `wild` gives to the photo at this place of its set."""
    return list(SCENARIOS)[place % len(SCENARIOS)]


def _random(name: str) -> Random:
    return np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest()[:12], 16))


def _bytes(pixels: NDArray[np.floating]) -> Photo:
    return pixels.round().clip(0, 255).astype(np.uint8)


def _each(photo: Photo, function: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Photo:
    return _bytes(np.stack([function(photo[..., c].astype(float)) for c in range(3)], -1))


def _reduce(photo: Photo, how: Image.Resampling) -> Photo:
    return _resized(photo, photo.shape[1] // SCALE, photo.shape[0] // SCALE, how)


def _resized(photo: Photo, width: int, height: int, how: Image.Resampling) -> Photo:
    return np.asarray(Image.fromarray(photo).resize((width, height), how))


def _coded(photo: Photo, codec: str, quality: int) -> Photo:
    file = io.BytesIO()
    options = {"subsampling": 2} if codec == "JPEG" else {}
    Image.fromarray(photo).save(file, codec, quality=quality, **options)
    return np.asarray(Image.open(file).convert("RGB"))


def _small(photo: Photo, rng: Random) -> Photo:
    return _reduce(photo, (Image.Resampling.BICUBIC, Image.Resampling.BOX)[rng.integers(2)])


def _noise(photo: Photo, rng: Random) -> Photo:
    small = _small(photo, rng).astype(float)
    strength, signal = math.exp(rng.uniform(math.log(3), math.log(25))), rng.uniform()
    grey, blur = rng.uniform() < 0.4, rng.uniform(0.5, 1.0) * (rng.uniform() < 1 / 3)
    noise = rng.normal(size=(*small.shape[:2], 1 if grey else 3))
    if blur:
        noise = gaussian_filter(noise, (blur, blur, 0))
        noise /= noise.std()
    noisy = small + noise * strength * np.sqrt(1 - signal + signal * small / 127.5)
    return _coded(_bytes(noisy), "JPEG", int(rng.integers(60, 96)))


def _saved(photo: Photo, rng: Random) -> Photo:
    small = _coded(_small(photo, rng), "JPEG", int(rng.integers(25, 71)))
    height, width = small.shape[:2]
    by = rng.uniform(0.6, 1.4)
    how = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)[rng.integers(3)]
    small = _resized(_resized(small, round(width * by), round(height * by), how), width, height, how)
    return _coded(small, "JPEG", int(rng.integers(40, 86)))


def _blurred(photo: Photo, rng: Random) -> Photo:
    what, size, angle = rng.integers(3), rng.uniform(1.5, 4), rng.uniform(0, math.pi)
    if what == 0:
        blurred = _each(photo, lambda x: gaussian_filter(x, size))
    else:
        y, x = np.mgrid[-10:11, -10:11] / 1.0
        if what == 1:  # a disc of radius 2 size spreads like a gaussian of sigma = size
            kernel = (2 * size + 0.5 - np.hypot(x, y)).clip(0, 1)
        else:  # a line of length 3.5 size, 1 px wide
            along, across = x * math.cos(angle) + y * math.sin(angle), -x * math.sin(angle) + y * math.cos(angle)
            kernel = (1.75 * size + 0.5 - abs(along)).clip(0, 1) * (1 - abs(across)).clip(0, 1)
        blurred = _each(photo, lambda channel: convolve(channel, kernel / kernel.sum(), mode="nearest"))
    return _coded(_small(blurred, rng), "JPEG", int(rng.integers(70, 96)))


def _enlarged(photo: Photo, rng: Random) -> Photo:
    small = _small(photo, rng)
    height, width = small.shape[:2]
    by, how = rng.uniform(1.5, 2.5), (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)[rng.integers(2)]
    smaller = _resized(small, round(width / by), round(height / by), Image.Resampling.BICUBIC)
    return _coded(_resized(smaller, width, height, how), "JPEG", int(rng.integers(60, 96)))


def _sharpened(photo: Photo, rng: Random) -> Photo:
    small, amount, radius = _small(photo, rng), rng.uniform(1, 2.5), rng.uniform(0.7, 1.5)
    sharp = _each(small, lambda x: x + amount * (x - gaussian_filter(x, radius)))
    return _coded(sharp, "JPEG", int(rng.integers(70, 96)))


def _webp(photo: Photo, rng: Random) -> Photo:
    return _coded(_small(photo, rng), "WEBP", int(rng.integers(25, 76)))


SCENARIOS: dict[str, Callable[[Photo, Random], Photo]] = {
    "noise": _noise,
    "saved": _saved,
    "blurred": _blurred,
    "enlarged": _enlarged,
    "sharpened": _sharpened,
    "webp": _webp,
}
