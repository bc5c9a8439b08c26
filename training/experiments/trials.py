"""How long a step of a candidate takes, what came of it on held-out photos, and the page of all."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from torch import nn

from training import SCALE
from training.degradation import Photo
from training.evaluation import Score, measure
from training.generator import Generator, parameters
from training.inference import enhance
from training.validation import validation

JUDGED = 512
"""Side of the middle of a held-out photo that results are judged on, px."""
KINDS = ("shared", "wild")
"""The degradations that they are judged under."""

Pairs = Sequence[tuple[Photo, Photo]]


@dataclass(frozen=True)
class Row:
    """A candidate after so many steps."""

    name: str
    parameters: int
    operations: int
    """multiply-adds for each pixel of the small photo"""
    steps: int
    seconds: float
    """CPU time of these steps, from a trial of some"""
    scores: dict[str, Score]
    """by degradation, with the distance by LPIPS"""


def row(name: str, network: Generator, steps: int, seconds: float, judged: dict[str, Pairs], judge: nn.Module) -> Row:
    """The network's scores; `judged` as `middles` gives them."""
    enhancer = partial(enhance, network.eval())
    scores = {kind: measure(enhancer, pairs, judge) for kind, pairs in judged.items()}
    return Row(name, parameters(network), network.operations, steps, seconds, scores)


def middles(photos: Sequence[Photo]) -> dict[str, Pairs]:
    """(small, truth) of each photo's middle, by degradation."""
    truths = []
    for photo in photos:
        height, width = (min(length, JUDGED) // SCALE * SCALE for length in photo.shape[:2])
        top, left = (photo.shape[0] - height) // 2, (photo.shape[1] - width) // 2
        truths.append(photo[top : top + height, left : left + width])
    return {
        kind: [(validation(truth, kind, f"experiment/{i}", i), truth) for i, truth in enumerate(truths)]
        for kind in KINDS
    }


def seconds_a_step(
    run: Callable[[int], object], trial: int = 12, clock: Callable[[], float] = time.process_time
) -> float:
    """This process's CPU time of a step, from a trial of some."""
    run(1)  # compiles
    begun = clock()
    run(2)
    ready = clock()  # what is built once takes as long in both
    run(2 + trial)
    return (clock() - ready - (ready - begun)) / trial


def page(what: str, how: str, tables: Mapping[str, Sequence[Row]]) -> str:
    """Markdown: how it was done, then a table for each heading."""
    parts = [
        f"# Comparison of {what}",
        how,
        "Measured on the middles of the held-out photos, whole or 512 px of them, under the degradations `shared` and "
        "`wild`: PSNR-Y in dB, LPIPS with AlexNet (lower is better), detail (of the truth's), and grid in dB (0 is "
        "none). Best PSNR-Y and LPIPS in bold.",
    ]
    for heading, rows in tables.items():
        parts += [f"## {heading}", _table(rows)]
    return "\n\n".join(parts) + "\n"


def _table(rows: Sequence[Row]) -> str:
    columns = [f"{name}, {kind}" for kind in KINDS for name in ("PSNR-Y", "LPIPS", "detail", "grid")]
    head = ["", "parameters", "multiply-adds a pixel", "steps", "CPU s", *columns]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for one in rows:
        cells = [one.name, f"{one.parameters / 1e6:.2f} M", f"{one.operations / 1e3:,.0f} k"]
        cells += [f"{one.steps:,}", f"{one.seconds:,.0f}"]
        for kind in KINDS:
            score = one.scores[kind]
            best_psnr = max(round(other.scores[kind].psnr, 2) for other in rows)
            best_distance = min(round(other.scores[kind].distances[0], 3) for other in rows)
            cells += [
                _bold(f"{score.psnr:.2f}", round(score.psnr, 2) == best_psnr),
                _bold(f"{score.distances[0]:.3f}", round(score.distances[0], 3) == best_distance),
                f"{score.detail:.2f}",
                f"{score.grid:.1f}",
            ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _bold(figure: str, best: bool) -> str:
    return f"**{figure}**" if best else figure
