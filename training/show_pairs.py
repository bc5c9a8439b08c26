"""Show how training degrades photos.

usage: python -m training.show_pairs --photos FOLDER --out pairs.png [--rows 8]
"""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from training.degradation import Photo

SHOWN = 40
"""Side of a shown crop, small pixels."""


def page(photos: Sequence[Photo], rows: int, seed: int = 0) -> Image.Image:
    """Pairs to look at: truth, what a sampled degradation left of it (each small pixel as 4x4), and bicubic."""
    import numpy as np
    from PIL import Image

    from training import SCALE
    from training.degradation import sample_degradation

    side = SHOWN * SCALE
    sheet = Image.new("RGB", (3 * side, rows * side))
    for row in range(rows):
        rng = np.random.default_rng((seed, row))
        photo = photos[row % len(photos)]
        top, left = (int(rng.integers(length - side + 1)) for length in photo.shape[:2])
        truth = photo[top : top + side, left : left + side]
        small = Image.fromarray(sample_degradation(rng)(truth, rng))
        enlarged = [small.resize((side, side), how) for how in (Image.Resampling.NEAREST, Image.Resampling.BICUBIC)]
        for column, image in enumerate((Image.fromarray(truth), *enlarged)):
            sheet.paste(image, (column * side, row * side))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(prog="show_pairs.py", description="Show how training degrades photos.")
    parser.add_argument("--photos", type=Path, required=True, metavar="FOLDER", help="photos to take crops from")
    parser.add_argument("--out", type=Path, required=True, metavar="PNG", help="where to write the page of pairs")
    parser.add_argument("--rows", type=int, default=8, help="pairs to show (default: %(default)s)")
    options = parser.parse_args()
    from training import SCALE
    from training.dataset import PhotosError, find_photos, read_photo

    try:
        photos = [read_photo(path) for path in find_photos(options.photos)[: options.rows]]
        photos = [photo for photo in photos if min(photo.shape[:2]) >= SHOWN * SCALE]
        if not photos:
            raise PhotosError(f"every photo is smaller than {SHOWN * SCALE}x{SHOWN * SCALE} px")
    except PhotosError as error:
        sys.exit(f"show_pairs.py: {error}")
    page(photos, options.rows).save(options.out)


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"show_pairs.py: {error.name} is not installed: run `make .venv/train`, then use .venv/bin/python")
