"""Eight-bit arithmetic (`INFERENCE=int8`): how much faster the served graph is by it, and what it costs.

usage: python -m benchmarks.int8 VALIDATION [--output FOLDER]

VALIDATION holds a folder for each set of photos, which neither training nor calibration saw.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import baselines, machine, report
from benchmarks.served_graph import served_graph
from serving.repository import INT8, MODEL

TILE, SIDE = 256, 512
"""Sides, px: of the tile that is timed, and of the middle of each photo that is judged."""
FASTER, LOST, FARTHER = 1.5, 0.05, 0.01
"""What it has to be worth: times as fast; and at most so many dB, and such a share of LPIPS, may be lost."""
DEGRADATIONS = ("shared", "wild")


@dataclass(frozen=True)
class Judged:
    """Means over the photos of a set, float beside eight bits: PSNR-Y in dB, LPIPS, DISTS, and the share of detail."""

    degradation: str
    set: str
    psnr: float
    psnr_int8: float
    lpips: float
    lpips_int8: float
    dists: float
    dists_int8: float
    detail: float
    detail_int8: float

    @property
    def lost(self) -> float:
        return self.psnr - self.psnr_int8

    @property
    def farther(self) -> float:
        return self.lpips_int8 / self.lpips - 1


@dataclass(frozen=True)
class Times:
    """CPU milliseconds for a tile on one thread, the two graphs by turns."""

    float: float
    int8: float

    @property
    def faster(self) -> float:
        return self.float / self.int8


def enhancer(file: str) -> Callable[[np.ndarray], np.ndarray]:
    run = served_graph(1, 1, file=file)
    return lambda photo: run([photo])[0].copy()


def timed(*works: Callable[[], object], rounds: int = 12) -> list[float]:
    """CPU milliseconds of each: the mean of the faster half of its rounds."""
    each: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 1):
        for work, found in zip(works, each, strict=True):
            begin = time.process_time()
            work()
            found.append(1e3 * (time.process_time() - begin))
    return [float(np.mean(sorted(found[1:])[: rounds // 2])) for found in each]


def judged(validation: Path, graphs: list[Callable[[np.ndarray], np.ndarray]]) -> list[Judged]:
    from training.evaluation import judge, measure, truths
    from training.validation import validation as degraded

    judges = [judge("lpips"), judge("dists")]
    found = []
    for kind in DEGRADATIONS:
        for name, photos in truths(validation, side=SIDE).items():
            pairs = [(degraded(t, kind, f"{name}/{stem}", place), t) for place, (stem, t) in enumerate(photos)]
            plain, eight = (measure(graph, pairs, *judges) for graph in graphs)
            figures = ((one.psnr, *one.distances, one.detail) for one in (plain, eight))
            found.append(Judged(kind, name, *(figure for both in zip(*figures, strict=True) for figure in both)))
    return found


def markdown(times: Times, found: list[Judged]) -> str:
    lost, farther = max(one.lost for one in found), max(one.farther for one in found)
    good = times.faster >= FASTER and lost < LOST and farther <= FARTHER
    rows = (
        (
            one.degradation,
            one.set,
            f"{one.psnr:.2f}",
            f"{-one.lost:+.3f}",
            f"{one.lpips:.3f}",
            f"{one.farther:+.1%}",
            f"{one.dists:.3f}",
            f"{one.dists_int8 / one.dists - 1:+.1%}",
            f"{one.detail:.2f}",
            f"{one.detail_int8:.2f}",
        )
        for one in found
    )
    columns = ("PSNR-Y dB", "by int8", "LPIPS", "by int8", "DISTS", "by int8", "detail", "by int8")
    return (
        "\n\n".join(
            [
                "# Eight bits",
                "Made by `python -m benchmarks.int8`; change nothing by hand.",
                f"Machine: {machine.describe()}; one thread.",
                "`INFERENCE=int8` computes the residual blocks in eight bits, and the rest as before. A tile of "
                f"{TILE}x{TILE} takes {times.int8:.0f} ms of CPU time, and {times.float:.0f} ms as served by default: "
                f"**{times.faster:.2f} times as fast**.",
                f"It was to be {FASTER} times as fast, at less than {LOST} dB and {FARTHER:.0%} of LPIPS lost in every "
                f"row: {'so it is' if good else 'it is not'}. The most that is lost is {lost:.3f} dB and "
                f"{max(farther, 0):.1%}.",
                report.table(("degradation", "set", *columns), rows),
                "LPIPS and DISTS: lower is better; detail: 1 is best. On the middle "
                f"{SIDE} px of photos that neither training nor calibration saw.",
            ]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="int8.py", description="Measure eight-bit arithmetic.")
    parser.add_argument("validation", type=Path, help="a folder for each set of photos to judge by")
    parser.add_argument("--output", type=Path, default=machine.folder(), metavar="FOLDER", help="default: %(default)s")
    options = parser.parse_args()
    graphs = [enhancer(MODEL), enhancer(INT8)]
    times = Times(*timed(*(partial(graph, baselines.noise(TILE)[0]) for graph in graphs)))
    found = judged(options.validation, graphs)
    options.output.mkdir(parents=True, exist_ok=True)
    report.write_csv(options.output / "int8.csv", found)
    (options.output / "int8.md").write_text(markdown(times, found))
    print((options.output / "int8.md").read_text())


if __name__ == "__main__":
    main()
