"""The generator on a GPU, in half precision: megapixels a second, and the share of the card's matrix-product peak.

usage: python -m benchmarks.gpu [--device cuda|cpu] [--output FOLDER]

Tiles lie on the card already: copies are not counted. Where there is no GPU the page says so, with the commands to run
where there is one.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import report

if TYPE_CHECKING:
    import torch

    from training.generator import Generator

ROOT = Path(__file__).resolve().parents[1]
LOADS = ((1, 256), (8, 256), (1, 512), (8, 512), (1, 1024))
MATRIX = 8192
HOW = """\
python -m benchmarks.gpu                                   # this page
docker compose --profile gpu up -d                         # Triton with TensorRT, then, inside its network:
perf_analyzer -m enhancer -i grpc -u triton:8001 --shape image:256,256,3 --concurrency-range 1:16 --percentile 95"""


@dataclass(frozen=True)
class Rate:
    """One load: batch of size x size tiles, megapixels of input a second, TFLOP/s."""

    batch: int
    size: int
    milliseconds: float
    megapixels: float
    tera: float


def seconds(work: Callable[[], object], device: str, least: float) -> float:
    """Of one time, averaged over at least `least` seconds."""
    import torch

    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    for _ in range(3):
        work()
    wait()
    count, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < least:
        work()
        wait()
        count += 1
    return (time.perf_counter() - begin) / count


def peak(device: str, kind: torch.dtype, side: int, least: float) -> float:
    """TFLOP/s of a product of square matrices."""
    import torch

    left, right = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))
    return 2 * side**3 / seconds(lambda: left @ right, device, least) / 1e12


def rates(generator: Generator, device: str, kind: torch.dtype, loads: tuple, least: float) -> list[Rate]:
    import torch

    from export.graph import Served

    work = generator.operations
    served = Served(generator).eval().to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] - its stubs miss it
    found = []
    for batch, size in loads:
        pixels = torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8, device=device)
        with torch.inference_mode(), torch.autocast(device, kind):
            taken = seconds(lambda pixels=pixels: served(pixels), device, least)
        count = batch * size**2
        found.append(Rate(batch, size, 1e3 * taken, count / taken / 1e6, 2 * work * count / taken / 1e12))
    return found


def markdown(name: str | None, top: float, found: list[Rate]) -> str:
    if not name:
        measured = "**Not measured**: no GPU was at hand."
    else:
        rows = (
            (str(rate.batch), str(rate.size), f"{rate.milliseconds:.2f}", f"{rate.megapixels:.1f}", f"{rate.tera:.1f}",
             f"{rate.tera / top:.0%}")
            for rate in found
        )  # fmt: skip
        measured = (
            f"{name}, PyTorch {metadata.version('torch')}; peak of matrix products {top:.1f} TFLOP/s.\n\n"
            + report.table(("batch", "tile", "ms", "Mpx/s in", "TFLOP/s", "of the peak"), rows)
        )
    made = "Made by `python -m benchmarks.gpu`; change nothing by hand."
    return "\n\n".join(["# Serving on a GPU", made, measured, f"```sh\n{HOW}\n```"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="gpu.py", description="Measure the generator on a GPU, in half precision.")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu: only to try the script")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks", metavar="FOLDER")
    options = parser.parse_args()
    import torch

    from training.generator import load_weights

    name, top = None, 0.0
    found: list[Rate] = []
    if options.device == "cpu":
        name, kind = "A CPU", torch.bfloat16
        top = peak("cpu", kind, 256, 0.1)
        found = rates(load_weights(), "cpu", kind, ((1, 64),), 0.1)
    elif torch.cuda.is_available():
        torch.backends.cudnn.benchmark = True
        name, kind = torch.cuda.get_device_name(), torch.float16
        top = peak("cuda", kind, MATRIX, 3)
        found = rates(load_weights(), "cuda", kind, LOADS, 3)
    options.output.mkdir(parents=True, exist_ok=True)
    if found:
        report.write_csv(options.output / "gpu.csv", found)
    (options.output / "gpu.md").write_text(markdown(name, top, found))
    print((options.output / "gpu.md").read_text())


if __name__ == "__main__":
    main()
