"""Show what weights make of photos: crops at 1:1, with columns for bicubic, each of the weights, and the original.

usage: python -m training.compare --photos FOLDER --out sheet.png [--weights FILE ...] [--degradation wild] [--rows 24]
       python -m training.compare --photos FOLDER --out sheet.png --as-they-are
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
    from training.degradation import Photo

ROWS = 24
AS_THEY_ARE = "as they are"


def arguments() -> argparse.ArgumentParser:
    from training.defaults import KINDS, WEIGHTS

    parser = argparse.ArgumentParser(prog="compare.py", description="Compare weights on photos, side by side at 1:1.")
    parser.add_argument("--photos", type=Path, required=True, metavar="FOLDER", help="photos of any kind")
    parser.add_argument("--out", type=Path, required=True, metavar="PNG", help="where to write the sheet")
    parser.add_argument(
        "--weights", type=Path, nargs="+", default=[WEIGHTS], metavar="FILE",
        help="safetensors, a column each (default: the project's)",
    )  # fmt: skip
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--degradation", choices=KINDS, default="shared", help="what is enhanced (default: %(default)s)")
    how.add_argument(
        "--as-they-are", action="store_const", const=AS_THEY_ARE, dest="degradation",
        help="enhance the photos themselves; there is no original beside them",
    )  # fmt: skip
    parser.add_argument(
        "--rows", type=int, default=ROWS, help="photos to show, from all over the folder (default: %(default)s)"
    )
    return parser


def busiest(photo: Photo, side: int) -> Photo:
    """The square of `side` px, or less where the photo is smaller, in which neighbouring pixels differ most."""
    import numpy as np

    height, width = (min(side, length) for length in photo.shape[:2])
    differences = np.abs(np.diff(photo.astype(np.float32).mean(2), axis=1, append=0))
    differences[:, -1] = 0
    places = [
        (differences[top : top + height, left : left + width].mean(), top, left)
        for top in range(0, photo.shape[0] - height + 1, max(1, height // 2))
        for left in range(0, photo.shape[1] - width + 1, max(1, width // 2))
    ]
    _, top, left = max(places)
    return np.ascontiguousarray(photo[top : top + height, left : left + width])


def main() -> None:
    options = arguments().parse_args()
    from tqdm import tqdm

    from training import SCALE
    from training.dataset import PhotosError, find_photos, read_photo
    from training.generator import WeightsError, load_weights
    from training.inference import bicubic, enhance
    from training.reporting import SHOWN, contact_sheet
    from training.validation import validation

    try:
        files = find_photos(options.photos)
        networks = {path.stem: load_weights(path) for path in options.weights}
        if len(networks) < len(options.weights):
            networks = {str(path): load_weights(path) for path in options.weights}
        files = files[:: max(1, len(files) // options.rows)][: options.rows]
        rows = []
        for place, file in enumerate(tqdm(files, "photos", disable=None, ncols=80)):
            if options.degradation == AS_THEY_ARE:
                small, truth = busiest(read_photo(file), SHOWN // SCALE), []
            else:
                photo = busiest(read_photo(file), SHOWN)
                small, truth = validation(photo, options.degradation, f"compare/{file.stem}", place), [photo]
            rows.append([bicubic(small), *(enhance(network, small) for network in networks.values()), *truth])
    except (PhotosError, WeightsError) as error:
        sys.exit(f"compare.py: {error}")
    truth = [] if options.degradation == AS_THEY_ARE else ["the original"]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(rows, ["bicubic", *networks, *truth]).save(options.out)
    print(f"{len(rows)} photos, {options.degradation}: {options.out}")


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"compare.py: {error.name} is not installed: run `make .venv/export`, then use .venv/bin/python")
