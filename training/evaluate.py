"""Measure weights, or an exported graph, against bicubic: PSNR-Y, SSIM-Y, perceptual distance, seconds per megapixel.

usage: python training/evaluate.py [--weights FILE ... | --onnx FILE] [--photos FOLDER [--held-out]] [--picture PNG]
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from tqdm import tqdm

if __package__ in (None, ""):  # run as a script: the project, not this folder, is where imports start
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from training.dataset import HELD_OUT_EVERY, PhotosError, find_photos, read_photo
from training.degradation import SCALE, Photo
from training.generator import WEIGHTS, WeightsError, load_weights
from training.inference import bicubic, enhance
from training.metrics import SHAVE, psnr_y, ssim_y
from training.perceptual import FeatureDistance, FeaturesError, distance
from training.validation import validation

VALIDATION = Path(__file__).resolve().parents[2] / "shared" / "data" / "validation"
Enhancer = Callable[[Photo], Photo]


@dataclass(frozen=True)
class Score:
    """Means over the photos of one set."""

    psnr: float
    """dB on luma, higher is better"""
    ssim: float
    """on luma, higher is better"""
    seconds: float
    """per megapixel of the enhanced photo"""
    distances: tuple[float, ...]
    """of each network's features, lower is better"""

    @property
    def distance(self) -> float:
        """By the first network."""
        return self.distances[0]


def truths(folder: Path, held_out: bool = False) -> dict[str, list[tuple[str, Photo]]]:
    """{set: [(name, pixels cropped to multiples of 4)]}; each folder that holds photos is a set.

    `held_out` leaves away those that training on this folder sees.
    """
    sets: dict[str, list[tuple[str, Photo]]] = {}
    for path in find_photos(folder)[:: HELD_OUT_EVERY if held_out else 1]:
        photo = read_photo(path)
        height, width = (length // SCALE * SCALE for length in photo.shape[:2])
        sets.setdefault(path.parent.name, []).append((path.stem, photo[:height, :width]))
    return sets


def perceptual(photo: Photo, truth: Photo, network: FeatureDistance) -> float:
    """Feature distance without the outermost pixels."""

    def tensor(p: Photo) -> torch.Tensor:
        return torch.from_numpy(p[SHAVE:-SHAVE, SHAVE:-SHAVE].copy()).permute(2, 0, 1)[None].float() / 255

    with torch.inference_mode():
        return float(network(tensor(photo), tensor(truth)))


def measure(enhancer: Enhancer, photos: Iterable[tuple[Photo, Photo]], *networks: FeatureDistance) -> Score:
    """The score of (small, truth) pairs."""
    rows = []
    for small, truth in photos:
        begun = time.perf_counter()
        photo = enhancer(small)
        seconds = time.perf_counter() - begun
        megapixels = photo.shape[0] * photo.shape[1] / 1e6
        seen = (perceptual(photo, truth, network) for network in networks)
        rows.append((psnr_y(photo, truth), ssim_y(photo, truth), seconds / megapixels, *seen))
    psnr, ssim, speed, *distances = map(float, np.mean(rows, 0))
    return Score(psnr, ssim, speed, tuple(distances))


def onnx_enhancer(path: Path) -> Enhancer:
    """The graph that Triton serves, uint8 NHWC to uint8 NHWC, in ONNX Runtime on the CPU."""
    try:
        import onnxruntime
    except ImportError as error:
        raise WeightsError("evaluating an ONNX file needs onnxruntime: pip install onnxruntime") from error
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # every binding error has a type of its own
        raise WeightsError(f"{path} is no ONNX graph that can be run: {error}") from error
    return lambda small: np.asarray(session.run(["enhanced"], {"image": small[None]})[0])[0]


def side_by_side(small: Photo, photo: Photo, truth: Photo) -> Image.Image:
    """Bicubic, ours and the truth at 1:1, named."""
    height, width = truth.shape[:2]
    sheet = Image.new("RGB", (3 * width, height + 20), "white")
    for i, (name, shown) in enumerate({"bicubic": bicubic(small), "ours": photo, "truth": truth}.items()):
        sheet.paste(Image.fromarray(shown), (i * width, 20))
        ImageDraw.Draw(sheet).text((i * width + 6, 4), name, "black")
    return sheet


def table(scores: dict[tuple[str, str, str], Score], judges: Sequence[str] = ("distance",)) -> str:
    """Markdown, a row for each (degradation, set, enhancer), a column for each judge."""
    columns = ("degradation", "set", "", "PSNR-Y (dB)", "SSIM-Y", *judges, "s/MP")
    rows = [
        (*what, f"{s.psnr:.2f}", f"{s.ssim:.3f}", *(f"{d:.3f}" for d in s.distances), f"{s.seconds:.2f}")
        for what, s in scores.items()
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, ["---"] * len(columns), *rows))


def _ours(graph: Path | None, weights: list[Path]) -> dict[str, Enhancer]:
    """Named `ours`, or where there are several, by their files."""
    if graph:
        return {"ours": onnx_enhancer(graph)}
    generators = [partial(enhance, load_weights(path)) for path in weights]
    return dict(zip(map(str, weights) if len(weights) > 1 else ["ours"], generators, strict=True))


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evaluate.py", description="Measure weights or an exported graph against bicubic."
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--weights", type=Path, nargs="+", default=[WEIGHTS], help="safetensors (default: the project's)"
    )
    which.add_argument("--onnx", type=Path, help="an exported graph instead")
    parser.add_argument(
        "--photos", type=Path, default=VALIDATION, help="ground truth; each folder in it that holds photos is a set"
    )
    parser.add_argument(
        "--held-out", action="store_true", help="only those of --photos that training keeps to judge by"
    )
    parser.add_argument("--degradation", nargs="+", choices=("shared", "clean"), default=["shared", "clean"])
    parser.add_argument(
        "--distance",
        nargs="+",
        default=["lite0"],
        metavar="NETWORK",
        help="feature networks that judge (default: lite0)",
    )
    parser.add_argument(
        "--picture", type=Path, help="write bicubic, ours and truth of the first photo of each set side by side"
    )
    return parser


def main() -> None:
    options = arguments().parse_args()
    try:
        judges = [distance(name) for name in options.distance]
        enhancers = {"bicubic": bicubic, **_ours(options.onnx, options.weights)}
        sets = truths(options.photos, options.held_out)
    except (FeaturesError, PhotosError, WeightsError) as error:
        sys.exit(f"evaluate.py: {error}")
    scores: dict[tuple[str, str, str], Score] = {}
    *_, shown = enhancers.values()
    runs = [(kind, name) for kind in options.degradation for name in sets]
    for kind, name in tqdm(runs, unit="set", disable=None):
        pairs = [(validation(truth, kind, f"{name}/{stem}"), truth) for stem, truth in sets[name]]
        for label, enhancer in enhancers.items():
            scores[kind, name, label] = measure(enhancer, pairs, *judges)
        if options.picture:
            small, truth = pairs[0]
            options.picture.parent.mkdir(parents=True, exist_ok=True)
            path = options.picture.with_stem(f"{options.picture.stem}-{kind}-{name}")
            side_by_side(small, shown(small), truth).save(path)
    print(table(scores, options.distance))


if __name__ == "__main__":
    main()
