"""Scores of enhanced photos against the originals, and the table that `training/evaluate.py` prints."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from training import SCALE
from training.dataset import HELD_OUT_EVERY, find_photos, read_photo
from training.defaults import JUDGES
from training.degradation import Photo
from training.dists import Dists
from training.generator import WeightsError, load_weights
from training.inference import enhance
from training.metrics import SHAVE, consistency, detail, grid, psnr_y, ssim_y
from training.perceptual import distance
from training.validation import scenario, validation

Enhancer = Callable[[Photo], Photo]


@dataclass(frozen=True)
class Score:
    """What one photo got, or the means of several."""

    psnr: float
    """dB on luma, higher is better"""
    ssim: float
    """on luma, higher is better"""
    detail: float
    """fine detail, of the truth's; 1 is right"""
    grid: float
    """dB of grid over the truth's; 0 is none"""
    consistency: float
    """dB between the result, reduced again, and the small photo"""
    seconds: float
    """per megapixel of the enhanced photo"""
    distances: tuple[float, ...]
    """by each judge, lower is better"""

    @property
    def distance(self) -> float:
        """By the first judge."""
        return self.distances[0]


def judge(name: str) -> nn.Module:
    """A judge of (photo, truth), each (N, 3, H, W) in [0, 1], lower for likeness.

    `lpips` is LPIPS with AlexNet, `dists` DISTS; any other name is `training.perceptual.distance`'s. Raises
    FeaturesError.
    """
    if name == "dists":
        return Dists()
    return distance("alexnet" if name == "lpips" else name)


def truths(folder: Path, held_out: bool = False, side: int = sys.maxsize) -> dict[str, list[tuple[str, Photo]]]:
    """{set: [(name, the middle `side` px or less, multiples of 4)]}; each folder that holds photos is a set.

    `held_out` leaves away those that training on this folder sees.
    """
    sets: dict[str, list[tuple[str, Photo]]] = {}
    for path in find_photos(folder)[:: HELD_OUT_EVERY if held_out else 1]:
        photo = read_photo(path)
        height, width = (min(length, side) // SCALE * SCALE for length in photo.shape[:2])
        top, left = ((length - side) // 2 if length > side else 0 for length in photo.shape[:2])
        truth = photo[top : top + height, left : left + width].copy()
        sets.setdefault(path.parent.name, []).append((path.stem, truth))
    return sets


def perceptual(photo: Photo, truth: Photo, network: nn.Module) -> float:
    """A judge's distance, without the outermost pixels."""

    def tensor(p: Photo) -> torch.Tensor:
        return torch.from_numpy(p[SHAVE:-SHAVE, SHAVE:-SHAVE].copy()).permute(2, 0, 1)[None].float() / 255

    with torch.inference_mode():
        return float(network(tensor(photo), tensor(truth)))


def score(enhancer: Enhancer, small: Photo, truth: Photo, judges: Sequence[nn.Module]) -> Score:
    begun = time.perf_counter()
    photo = enhancer(small)
    seconds = time.perf_counter() - begun
    return Score(
        psnr=psnr_y(photo, truth),
        ssim=ssim_y(photo, truth),
        detail=detail(photo, truth),
        grid=grid(photo, truth),
        consistency=consistency(photo, small),
        seconds=seconds / (photo.shape[0] * photo.shape[1] / 1e6),
        distances=tuple(perceptual(photo, truth, network) for network in judges),
    )


def mean(scores: Sequence[Score]) -> Score:
    """Of each figure."""
    plain = ("psnr", "ssim", "detail", "grid", "consistency", "seconds")
    figures = {name: float(np.mean([getattr(one, name) for one in scores])) for name in plain}
    distances = tuple(map(float, np.mean([one.distances for one in scores], 0)))
    return Score(**figures, distances=distances)


def measure(enhancer: Enhancer, photos: Iterable[tuple[Photo, Photo]], *judges: nn.Module) -> Score:
    """The mean score of (small, truth) pairs."""
    return mean([score(enhancer, small, truth, judges) for small, truth in photos])


def onnx_enhancer(path: Path, *, as_written: bool = False) -> Enhancer:
    """The graph that Triton serves, uint8 NHWC to uint8 NHWC, in ONNX Runtime on the CPU.

    `as_written` computes in float with numbers rounded to eight bits: its own arithmetic overflows without VNNI.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise WeightsError("evaluating an ONNX file needs onnxruntime: pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    if as_written:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # every binding error has a type of its own
        raise WeightsError(f"{path} is no ONNX graph that can be run: {error}") from error
    return lambda small: np.asarray(session.run(["enhanced"], {"image": small[None]})[0])[0]


def header(judges: Sequence[str]) -> str:
    """Markdown: the names of the columns."""
    names = (name.upper() if name in JUDGES else name for name in judges)
    columns = ("degradation", "set", "", "PSNR-Y (dB)", "SSIM-Y", *names, "detail", "grid (dB)", "back (dB)", "s/MP")
    return f"| {' | '.join(columns)} |\n| {' | '.join(['---'] * len(columns))} |"


def row(degradation: str, name: str, enhancer: str, s: Score) -> str:
    """Markdown: one row of the table."""
    figures = (f"{s.psnr:.2f}", f"{s.ssim:.3f}", *(f"{d:.3f}" for d in s.distances), f"{s.detail:.2f}", f"{s.grid:.1f}")
    return f"| {' | '.join((degradation, name, enhancer, *figures, f'{s.consistency:.1f}', f'{s.seconds:.2f}'))} |"


def rows(
    sets: dict[str, list[tuple[str, Photo]]], kind: str, enhancers: dict[str, Enhancer], judges: Sequence[nn.Module]
) -> Iterator[str]:
    """The rows of one degradation as they come: of each set, and for `wild` of each trouble over all sets."""
    troubles: dict[tuple[str, str], list[Score]] = {}
    for name, photos in sets.items():
        found: dict[str, list[Score]] = {label: [] for label in enhancers}
        for place, (stem, truth) in enumerate(
            tqdm(photos, desc=f"{kind} {name}", unit="photo", disable=None, leave=False, ncols=80)
        ):
            small = validation(truth, kind, f"{name}/{stem}", place)
            for label, enhancer in enhancers.items():
                one = score(enhancer, small, truth, judges)
                found[label].append(one)
                if kind == "wild":
                    troubles.setdefault((scenario(place), label), []).append(one)
        yield from (row(kind, name, label, mean(scores)) for label, scores in found.items())
    yield from (row(f"{kind}: {trouble}", "all", label, mean(scores)) for (trouble, label), scores in troubles.items())


def named_enhancers(graph: Path | None, weights: list[Path]) -> dict[str, Enhancer]:
    """Named `ours`, or where there are several, by their files."""
    if graph:
        return {"ours": onnx_enhancer(graph)}
    generators = [partial(enhance, load_weights(path)) for path in weights]
    return dict(zip(map(str, weights) if len(weights) > 1 else ["ours"], generators, strict=True))
