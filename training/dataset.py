"""Photos as training sees them: seeded pairs of a small, degraded crop and the crop it came from."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import Dataset

from training import SCALE
from training.degradation import Photo, sample_degradation

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".avif")
MARGIN = 16
"""Small pixels that are degraded around a crop: one JPEG block of 4:2:0, so that crops lie anywhere on its grid."""
HALVED_FROM, REDUCED_FROM = 3_000_000, 1_200_000
"""From so many pixels on a photo is reduced by 2, or by 1.5: what camera and file left soft is not learned."""

HELD_OUT_EVERY = 40
"""Of the photos of a folder, sorted by name, one in so many is held out for evaluation, never trained on."""


class PhotosError(ValueError):
    """A folder that training cannot use; the message says why."""


def find_photos(folder: Path) -> list[Path]:
    """Every picture file in the folder and below, sorted. Raises PhotosError where there is none."""
    if not folder.is_dir():
        raise PhotosError(f"no folder of photos at {folder}")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise PhotosError(f"no photos in {folder} (looked for {', '.join(SUFFIXES)})")
    return files


def split(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Of the files of a folder those to learn from, and those to evaluate on; a single one is both."""
    held_out = [*files[::HELD_OUT_EVERY]]
    return [file for i, file in enumerate(files) if i % HELD_OUT_EVERY] or held_out, held_out


def manifest(files: Sequence[Path], folder: Path) -> str:
    """A line for each photo: its SHA-256, and its name in the folder. Raises PhotosError where one cannot be read."""
    try:
        hashes = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    except OSError as error:
        raise PhotosError(f"a photo cannot be read: {error}") from error
    return "".join(f"{found}  {file.relative_to(folder)}\n" for found, file in zip(hashes, files, strict=True))


def digest(listed: str) -> str:
    """The SHA-256 of a manifest: equal for folders that hold the same photos by the same names."""
    return hashlib.sha256(listed.encode()).hexdigest()


def read_photo(path: Path) -> Photo:
    """The file's pixels, upright and on white, uint8 (H, W, 3). Raises PhotosError where it is no picture."""
    try:
        with Image.open(path) as image:
            return np.asarray(_to_rgb(ImageOps.exif_transpose(image)))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise PhotosError(f"{path} is not a photo that can be read: {error}") from error


def _to_rgb(image: Image.Image) -> Image.Image:
    """Grey of 16 bits with its brightness, which Pillow would clip; what is transparent as people see it, on white."""
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) / 257).round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return image.convert("RGB")


def read_reduced(path: Path) -> Photo:
    """The photo as training learns it, reduced where it is large. Raises PhotosError where it is no picture."""
    return reduce_large(read_photo(path))


def reduce_large(photo: Photo) -> Photo:
    """The photo, reduced by 2 or 1.5 where it is large."""
    height, width = photo.shape[:2]
    by = 2 if height * width >= HALVED_FROM else 1.5 if height * width >= REDUCED_FROM else 1
    if by == 1:
        return photo
    return np.asarray(Image.fromarray(photo).resize((int(width / by), int(height / by)), Image.Resampling.LANCZOS))


def texture(photo: Photo) -> float:
    """How much there is to learn from a crop: the mean step between green neighbours, every second pixel."""
    green = photo[::2, ::2, 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean())


class Pairs(Dataset[tuple[Tensor, Tensor]]):
    """Endless training pairs: item i is always the same pair for the same seed, so training can go on anywhere.

    An item is (small, truth): uint8 (3, size, size) and uint8 (3, 4 size, 4 size). A share of `drawn` of them comes
    from `drawings`, the rest from `photos`, which are as `read_reduced` gives them.
    """

    def __init__(
        self, photos: Iterable[Photo], size: int, seed: int = 0, drawings: Sequence[Photo] = (), drawn: float = 0.13
    ) -> None:
        self.size, self.seed = size, seed
        self.crop = (size + MARGIN) * SCALE
        self.photos = [photo for photo in photos if min(photo.shape[:2]) >= self.crop]
        self.drawings = [drawing for drawing in drawings if min(drawing.shape[:2]) >= self.crop]
        self.drawn = drawn if self.drawings else 0.0
        if not self.photos:
            raise PhotosError(
                f"every photo is smaller than {self.crop}x{self.crop} px: give larger ones, or a smaller --patch-size"
            )
        # Between one chance a photo and one a pixel: neither small nor huge photos are all there is to see.
        chances = np.sqrt([photo.shape[0] * photo.shape[1] for photo in self.photos])
        self.chances = np.cumsum(chances) / chances.sum()

    def __len__(self) -> int:
        return 2**48

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng((self.seed, index))
        if rng.random() < self.drawn:
            truth = self._crop(self.drawings[int(rng.integers(len(self.drawings)))], rng)
        else:
            photo = self.photos[int(np.searchsorted(self.chances, rng.random()))]
            # The more textured of two: skies are seen, leaves and faces more often.
            truth = max((self._crop(photo, rng) for _ in range(2)), key=texture)
        truth = np.rot90(truth, int(rng.integers(4)))
        if rng.random() < 0.5:
            truth = truth[:, ::-1]
        small = sample_degradation(rng)(truth, rng)
        top, left = rng.integers(MARGIN, size=2)
        small = small[top : top + self.size, left : left + self.size]
        top, left, size = top * SCALE, left * SCALE, self.size * SCALE
        return _tensor(small), _tensor(truth[top : top + size, left : left + size])

    def _crop(self, photo: Photo, rng: np.random.Generator) -> Photo:
        top, left = (int(rng.integers(length - self.crop + 1)) for length in photo.shape[:2])
        return photo[top : top + self.crop, left : left + self.crop]


def _tensor(photo: Photo) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(photo.transpose(2, 0, 1)))
