"""What happens to a photo before it is shared: blur, reduction by 4, noise, JPEG.

Blur and reduction are linear and separable, so together they are one matrix a side: `small = rows @ photo @ columns.T`.
That is exact, covers every kernel alike, and takes a few milliseconds for a training crop.

usage: python training/degradation.py --show pairs.png --photos FOLDER
"""

import argparse
import hashlib
import io
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

if __package__ in (None, ""):  # run as a script: the project, not this folder, is where imports start
    sys.path[0] = str(Path(__file__).resolve().parents[1])

SCALE = 4
Photo = NDArray[np.uint8]
"""(H, W, 3), sRGB."""


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic with a = -1/2, Pillow's BICUBIC."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


REDUCTIONS = {  # name: (kernel over distances in small pixels, its support), as Pillow's resize defines them
    "bicubic": (_cubic, 2.0),
    "area": (lambda x: (np.abs(x) <= 0.5).astype(float), 0.5),
    "bilinear": (lambda x: np.clip(1 - np.abs(x), 0, None), 1.0),
    "lanczos": (lambda x: np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0), 3.0),
}


@cache
def reduction_matrix(length: int, how: str) -> NDArray[np.float32]:
    """(length / 4, length): the antialiased reduction of one side, its weights renormalised at the borders."""
    kernel, _ = REDUCTIONS[how]
    small = (np.arange(length // SCALE) + 0.5) * SCALE
    weights = kernel((np.arange(length)[None] + 0.5 - small[:, None]) / SCALE)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def blur_matrix(length: int, taps: NDArray[np.float64]) -> NDArray[np.float32]:
    """(length, length): convolution of one side with an odd number of taps, mirrored at the borders."""
    radius = len(taps) // 2
    at = np.arange(length)[:, None] + np.arange(-radius, radius + 1)[None]
    at = np.abs(at)
    at = np.minimum(at, 2 * (length - 1) - at)
    matrix = np.zeros((length, length), np.float32)
    np.add.at(matrix, (np.arange(length)[:, None], at), taps[None].astype(np.float32))
    return matrix


def gaussian_taps(sigma: float) -> NDArray[np.float64]:
    radius = max(1, int(4 * sigma + 0.5))
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / max(sigma, 1e-3)) ** 2)
    return taps / taps.sum()


def box_taps(width: float) -> NDArray[np.float64]:
    """A box of any width from 1 px on: whole taps inside, a fraction at each end."""
    radius = int(np.ceil((width - 1) / 2))
    taps = np.clip((width + 1) / 2 - np.abs(np.arange(-radius, radius + 1)), 0, 1)
    return taps / taps.sum()


def jpeg(photo: Photo, quality: int, subsampling: int) -> Photo:
    """Through JPEG and back. `subsampling`: 0 is 4:4:4, 2 is 4:2:0, as Pillow counts."""
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(file))


@dataclass(frozen=True)
class Degradation:
    """One way in which a photo may have been blurred, reduced by 4 and compressed."""

    reduction: str = "bicubic"
    blur: str = "none"
    """none, gaussian or box"""
    widths: tuple[float, float] = (0.0, 0.0)
    """down and across, px of the large photo: sigma of a gaussian, width of a box"""
    sharpening: float = 0.0
    """how much of what a gaussian of one small pixel takes away is added again, as cameras and resizers do"""
    noise: float = 0.0
    """standard deviation, of 255"""
    jpegs: tuple[tuple[int, int], ...] = ()
    """(quality, subsampling) of each compression, in their order"""

    def __call__(self, photo: Photo, rng: np.random.Generator) -> Photo:
        """uint8 (H, W, 3), sides multiples of 4, to uint8 (H/4, W/4, 3). Only noise draws from `rng`."""
        rows, columns = (self._side(length, i) for i, length in enumerate(photo.shape[:2]))
        down = (rows @ photo.astype(np.float32).reshape(len(photo), -1)).reshape(len(rows), -1, 3)
        small = np.matmul(columns, down)
        if self.sharpening:
            soft = np.stack([gaussian_filter(small[..., c], 1.0) for c in range(3)], -1)
            small = small + self.sharpening * (small - soft)
        if self.noise:
            small = small + rng.normal(0, self.noise, small.shape).astype(np.float32)
        result = small.round().clip(0, 255).astype(np.uint8)
        for quality, subsampling in self.jpegs:
            result = jpeg(result, quality, subsampling)
        return result

    def _side(self, length: int, side: int) -> NDArray[np.float32]:
        reduce = reduction_matrix(length, self.reduction)
        if self.blur == "none":
            return reduce
        taps = (gaussian_taps if self.blur == "gaussian" else box_taps)(self.widths[side])
        return reduce @ blur_matrix(length, taps)


CLEAN = Degradation()


def draw(rng: np.random.Generator) -> Degradation:
    """A random degradation: what sharing does, and somewhat beyond it."""
    if rng.random() < 0.1:
        return CLEAN
    widths = np.full(2, rng.uniform(0.1, 1.4))
    kind = rng.random()
    blur = "gaussian"
    if kind < 0.15:  # astigmatic, or shaken
        widths = rng.uniform(0.1, 1.8, 2)
    elif kind < 0.25:
        blur, widths = "box", np.full(2, rng.uniform(1, 4))
    subsampling = 2 if rng.random() < 0.8 else 0
    compressions = rng.choice(3, p=(0.1, 0.75, 0.15))
    return Degradation(
        reduction=str(rng.choice(("bicubic", "area", "bilinear", "lanczos"), p=(0.4, 0.4, 0.1, 0.1))),
        blur=blur,
        widths=(float(widths[0]), float(widths[1])),
        sharpening=float(rng.uniform(0, 0.6)) if rng.random() < 0.1 else 0.0,
        noise=float(rng.uniform(0, 4)) if rng.random() < 0.15 else 0.0,
        jpegs=tuple((int(rng.integers(45, 98)), subsampling) for _ in range(compressions)),
    )


def validation(photo: Photo, kind: str, name: str) -> Photo:
    """The fixed degradations that results are reported on: `clean` (bicubic) or `shared`, drawn from the photo's name.

    `shared` blurs (sigma 0.2 to 1.2 px), reduces by 4 (bicubic or area) and compresses (JPEG, quality 50 to 95, 4:2:0);
    `name` is "SET/STEM". The blurred photo is rounded to 8 bits before its reduction: others repeat it to the bit.
    """
    height, width = (length // SCALE for length in photo.shape[:2])
    photo = photo[: height * SCALE, : width * SCALE]
    if kind == "clean":
        return np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BICUBIC))
    if kind != "shared":
        raise ValueError(f"no such degradation: {kind} (there are clean and shared)")
    rng = np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest()[:12], 16))
    sigma = rng.uniform(0.2, 1.2)
    how = (Image.Resampling.BICUBIC, Image.Resampling.BOX)[rng.integers(2)]
    quality = int(rng.integers(50, 96))
    blurred = np.stack([gaussian_filter(photo[..., c].astype(float), sigma) for c in range(3)], -1)
    blurred = blurred.round().clip(0, 255).astype(np.uint8)
    return jpeg(np.asarray(Image.fromarray(blurred).resize((width, height), how)), quality, 2)


SHOWN = 40
"""Side of a shown crop, small pixels."""


def page(photos: list[Photo], rows: int, seed: int = 0) -> Image.Image:
    """Pairs to look at: truth, what `draw` left of it (each small pixel as 4x4), and its bicubic enlargement."""
    side = SHOWN * SCALE
    sheet = Image.new("RGB", (3 * side, rows * side))
    for row in range(rows):
        rng = np.random.default_rng((seed, row))
        photo = photos[row % len(photos)]
        top, left = (int(rng.integers(length - side + 1)) for length in photo.shape[:2])
        truth = photo[top : top + side, left : left + side]
        small = Image.fromarray(draw(rng)(truth, rng))
        enlarged = [small.resize((side, side), how) for how in (Image.Resampling.NEAREST, Image.Resampling.BICUBIC)]
        for column, image in enumerate((Image.fromarray(truth), *enlarged)):
            sheet.paste(image, (column * side, row * side))
    return sheet


def main() -> None:
    from training.photos import PhotosError, find, read

    parser = argparse.ArgumentParser(prog="degradation.py", description="Look at what training degrades photos to.")
    parser.add_argument("--show", type=Path, required=True, metavar="PNG", help="where to write a page of sample pairs")
    parser.add_argument("--photos", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--rows", type=int, default=8, help="default: %(default)s")
    options = parser.parse_args()
    try:
        photos = [read(path) for path in find(options.photos)[: options.rows]]
        photos = [photo for photo in photos if min(photo.shape[:2]) >= SHOWN * SCALE]
        if not photos:
            raise PhotosError(f"every photo is smaller than {SHOWN * SCALE}x{SHOWN * SCALE} px")
    except PhotosError as error:
        sys.exit(f"degradation.py: {error}")
    page(photos, options.rows).save(options.show)


if __name__ == "__main__":
    main()
