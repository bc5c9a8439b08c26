"""Triton's own load generator, the genuine `perf_analyzer`: found, run, read.

`python -m benchmarks.perf_analyzer -- ARGUMENTS` (or `make perf ARGS=...`) runs it with whatever it takes itself.
It comes in the `tritonclient` 2.50 wheel. The two libraries that it misses there, libb64 and the CUDA runtime, are in
the nvidia-pytriton wheel under other names, so links give them the names that it asks for.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import csv
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from serving import wheel as wheels
from serving.errors import CannotServe
from serving.wheel import Wheel

INSTALLED = Path(sys.prefix) / "perf_analyzer"
LIBRARIES = {"libb64.so.0d": "libb64-*.so.0d", "libcudart.so.12": "libcudart-*.so.12*"}
WINDOW = 3.0
"""Seconds of one measurement, at least; perf_analyzer reports three of them that agree."""
MS = 1e-3


# Triton takes a stub for dead, and starts another, where it has not heard of it for a second. Seen once, while the
# host of a virtual machine was busy, and not brought about again.
PASSING = ("stable measurement", "is not healthy")


class CannotMeasure(CannotServe):
    """No figure could be had; the message says why."""


class Unstable(CannotMeasure):
    """The machine did other things meanwhile: figures did not agree, or stood still. Another try may do."""


@dataclass(frozen=True)
class Load:
    """What to send: tiles of `size` x `size` pixels, `concurrency` of them under way at all times."""

    size: int = 256
    concurrency: int = 2
    shared_memory: bool = False

    @property
    def output_bytes(self) -> int:
        return 16 * 3 * self.size**2


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What it measured: tiles a second, latencies and where the time went in milliseconds a request."""

    tiles_per_second: float
    p50: float
    p95: float
    p99: float
    send: float
    network: float
    queue: float
    compute_input: float
    compute_infer: float
    compute_output: float
    receive: float


def find(folder: Path) -> Path:
    """The program under `folder`; raises CannotMeasure with the sentence that says how to get it."""
    program = folder / "bin" / "perf_analyzer"
    if not program.is_file():
        raise CannotMeasure(
            f"perf_analyzer is not in {folder}: make benchmark, or "
            f"pip install --no-deps --require-hashes -r requirements/benchmark.txt --target {folder}"
        )
    return program


def run(
    program: Path, wheel: Wheel, address: str, load: Load, stability: int, key: str = "", window: float = WINDOW
) -> Answer:
    """Put `load` on the gRPC server at `address` until figures agree within `stability` per cent, and return them.

    Each is measured for `window` seconds. Raises Unstable where they do not, CannotMeasure where there are none.
    """
    with tempfile.TemporaryDirectory(prefix="perf-analyzer-") as folder:
        table = Path(folder) / "figures.csv"
        done = subprocess.run(
            command(program, address, load, stability, table, key, window),
            env={**os.environ, "LD_LIBRARY_PATH": str(_libraries(wheel, Path(folder)))},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not table.is_file():
            said = _last_line(done.stdout + done.stderr)
            passing = any(words in said for words in PASSING)
            raise (Unstable if passing else CannotMeasure)(f"perf_analyzer: {said}")
        return read(table.read_text())


def command(
    program: Path, address: str, load: Load, stability: int, table: Path, key: str = "", window: float = WINDOW
) -> list[str]:
    """Its command line; shared memory needs the key of a server that has one."""
    shared = ["--shared-memory=system", f"--output-shared-memory-size={load.output_bytes}"]
    if key:
        shared += ["-H", f"triton-grpc-protocol-admin-key:{key}"]
    return [
        str(program),
        *("-m", "enhancer", "-i", "grpc", "-u", address),
        f"--shape=image:{load.size},{load.size},3",
        f"--concurrency-range={load.concurrency}",
        "--measurement-mode=time_windows",
        f"--measurement-interval={window * 1000:.0f}",
        f"--stability-percentage={stability}",
        "--percentile=95",
        "--verbose-csv",
        *("-f", str(table)),
        *(shared if load.shared_memory else []),
    ]


def read(table: str) -> Answer:
    """The figures in its CSV, whose times are microseconds."""
    (row,) = csv.DictReader(table.splitlines())
    figure = {name: float(value) for name, value in row.items() if value}
    return Answer(
        tiles_per_second=figure["Inferences/Second"],
        p50=figure["p50 latency"] * MS,
        p95=figure["p95 latency"] * MS,
        p99=figure["p99 latency"] * MS,
        send=figure["Client Send"] * MS,
        network=figure["Network+Server Send/Recv"] * MS,
        queue=figure["Server Queue"] * MS,
        compute_input=figure["Server Compute Input"] * MS,
        compute_infer=figure["Server Compute Infer"] * MS,
        compute_output=figure["Server Compute Output"] * MS,
        receive=figure["Client Recv"] * MS,
    )


def _libraries(wheel: Wheel, folder: Path) -> Path:
    for name, pattern in LIBRARIES.items():
        for library in (file for place in wheel.libraries for file in place.glob(pattern)):
            (folder / name).symlink_to(library)
    return folder


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it ended without a word"


def main(arguments: list[str]) -> int:
    """Run the genuine program with these arguments, its output shown as it comes; its own exit status, or 1."""
    try:
        program, found = find(INSTALLED), wheels.find()
    except CannotServe as error:
        print(f"perf_analyzer: {error}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGINT, lambda *_: None)  # perf_analyzer hears Ctrl-C as well, and ends by itself
    with tempfile.TemporaryDirectory(prefix="perf-analyzer-") as folder:
        environment = {**os.environ, "LD_LIBRARY_PATH": str(_libraries(found, Path(folder)))}
        return subprocess.run([program, *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(given[1:] if given[:1] == ["--"] else given))
