"""How long a step of a candidate takes, what came of it on held-out photos, and the page of all."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from torch import nn

from training.card_tables import table
from training.degradation import Photo
from training.evaluation import Score, measure, truths
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


def middles(folder: Path) -> dict[str, Pairs]:
    """(small, truth) of the middle of each held-out photo, by degradation. Raises PhotosError."""
    found = [truth for photos in truths(folder, held_out=True, side=JUDGED).values() for _, truth in photos]
    return {
        kind: [(validation(truth, kind, f"experiment/{i}", i), truth) for i, truth in enumerate(found)]
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
        parts += [f"## {heading}", table(_cells(rows))]
    return "\n\n".join(parts) + "\n"


def _cells(rows: Sequence[Row]) -> list[dict[str, str]]:
    """What the table says of each row, by column."""
    best_psnr = {kind: max(round(row.scores[kind].psnr, 2) for row in rows) for kind in KINDS}
    best_distance = {kind: min(round(row.scores[kind].distances[0], 3) for row in rows) for kind in KINDS}
    cells = []
    for one in rows:
        found = {
            "": one.name,
            "parameters": f"{one.parameters / 1e6:.2f} M",
            "multiply-adds a pixel": f"{one.operations / 1e3:,.0f} k",
            "steps": f"{one.steps:,}",
            "CPU s": f"{one.seconds:,.0f}",
        }
        for kind, score in one.scores.items():
            psnr, distance = round(score.psnr, 2), round(score.distances[0], 3)
            found[f"PSNR-Y, {kind}"] = _bold(f"{psnr:.2f}", psnr == best_psnr[kind])
            found[f"LPIPS, {kind}"] = _bold(f"{distance:.3f}", distance == best_distance[kind])
            found[f"detail, {kind}"] = f"{score.detail:.2f}"
            found[f"grid, {kind}"] = f"{score.grid:.1f}"
        cells.append(found)
    return cells


def _bold(figure: str, best: bool) -> str:
    return f"**{figure}**" if best else figure
