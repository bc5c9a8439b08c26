"""One photo's way through `python -m slackbot enhance`, beside the bare graph; and the memory of a large one.

usage: python -m benchmarks.photo PHOTO [--rounds N] [--output FOLDER]

The whole process counts, from its start to its end, with Triton already up. Beside it: the graph, as it is
served here, on the same pixels, on all cores and without tiles, plus decoding and encoding as the bot does them.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks import machine, report, script
from benchmarks.photo_pages import WHOLE
from benchmarks.served_graph import served_graph
from benchmarks.serving import Server, own_server
from slackbot.imaging.decode import open_photo
from slackbot.imaging.encode import save_photo
from slackbot.limits import PhotoLimits, ServerLimits

ROOT = Path(__file__).resolve().parents[1]
SMALL, LARGE = (1024, 768), (2304, 1728)
BOUND = 1.25
MB = 1e6
IMPORTS = "import slackbot.cli, slackbot.enhance_files, slackbot.inference.enhancer, slackbot.inference.triton"
# Python keeps what it compiled, as it does unless told otherwise; the allocator's settings are the server's alone.
NOT_THE_BOTS = ("PYTHONDONTWRITEBYTECODE", "GLIBC_TUNABLES")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in NOT_THE_BOTS}


START = "Python's start and the imports alone"
PIECE = "the bare graph, in one piece"
STRIPS = "the bare graph, a strip for each core"
DECODING, ENCODING = "decoding", "encoding"


@dataclass(frozen=True)
class Run:
    """One way, once: seconds by the clock, and CPU seconds of all processes."""

    round: int
    what: str
    seconds: float
    cpu: float


@dataclass
class Peak:
    """The most memory that processes held together, in MB."""

    bot: float = 0
    server: float = 0


def enhance(photo: Path, result: Path, address: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "slackbot",
        "enhance",
        str(photo),
        "-o",
        str(result),
        "--force",
        "--triton",
        address,
    ]
    return subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finished(process: subprocess.Popen[str]) -> None:
    said, _ = process.communicate()
    if process.returncode or "model version" not in said:
        sys.exit(f"benchmarks.photo: the bot did not use the model: {said}")


def by_turns(jobs: dict[str, Callable[[], object]], rounds: int, watched: list[psutil.Process]) -> Iterator[Run]:
    """Every job once a round, so that a moment in which the machine does other things meets all of them alike."""

    def cpu() -> float:
        return machine.cpu_seconds(watched) + sum(os.times()[:4])

    for work in jobs.values():
        work()  # kernels, caches, imports: once before the clock runs
    for number, (what, work) in product(range(rounds), jobs.items()):
        begin, begin_cpu = time.perf_counter(), cpu()
        work()
        yield Run(number, what, time.perf_counter() - begin, cpu() - begin_cpu)


def bare(pixels: np.ndarray) -> Iterator[tuple[str, Callable[[], object]]]:
    """The graph on all pixels: in one piece on all cores, and in as many strips as cores, one thread each."""
    cores = machine.cores()
    whole, parts = served_graph(cores, cores), served_graph(1, cores)
    strips = [np.ascontiguousarray(strip) for strip in np.array_split(pixels, cores)]
    yield PIECE, lambda: whole([pixels])
    yield STRIPS, lambda: parts(strips)


def ways(server: Server, photo: Path, folder: Path, rounds: int) -> list[Run]:
    limits = PhotoLimits()
    opened = open_photo(photo, limits)
    pixels = np.asarray(opened.image)
    enlarged = replace(opened, image=opened.image.resize((4 * opened.image.width, 4 * opened.image.height)))
    result = folder / "result.jpg"
    start = [sys.executable, "-c", IMPORTS]
    jobs: dict[str, Callable[[], object]] = {
        WHOLE: lambda: finished(enhance(photo, result, server.address)),
        START: lambda: subprocess.run(start, cwd=ROOT, env=ENVIRONMENT, check=True),
        **dict(bare(pixels)),
        DECODING: lambda: open_photo(photo, limits),
        ENCODING: lambda: save_photo(enlarged, folder / "encoded.jpg"),
    }
    return list(by_turns(jobs, rounds, [*server.tritonserver, *server.stubs]))


@contextmanager
def watched(bot: psutil.Process, server: list[psutil.Process], peak: Peak) -> Iterator[None]:
    """Look every 50 ms: pages that processes share are counted once (PSS)."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            with suppress(psutil.Error):  # it has ended
                peak.bot = max(peak.bot, bot.memory_full_info().pss / MB)
            peak.server = max(peak.server, sum(process.memory_full_info().pss for process in server) / MB)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def memory(server: Server, photo: Path, folder: Path) -> Peak:
    peak = Peak()
    process = enhance(photo, folder / "large.jpg", server.address)
    with watched(psutil.Process(process.pid), [*server.tritonserver, *server.stubs], peak):
        finished(process)
    return peak


def times_bare(runs: Sequence[Run], graph: str, without: str = "") -> str:
    """The whole process, less `without`, as a multiple of `graph`, decoding and encoding: median of the rounds."""
    rounds: dict[int, dict[str, float]] = defaultdict(lambda: {"": 0.0})
    for run in runs:
        rounds[run.round][run.what] = run.seconds
    ratios = [(of[WHOLE] - of[without]) / (of[graph] + of[DECODING] + of[ENCODING]) for of in rounds.values()]
    return f"{statistics.median(ratios):.2f}"


def rows(runs: Sequence[Run]) -> Iterator[tuple[str, ...]]:
    for what in dict.fromkeys(run.what for run in runs):
        seconds, cpu = zip(*((run.seconds, run.cpu) for run in runs if run.what == what), strict=True)
        yield what, f"{min(seconds):.3f}", f"{statistics.median(seconds):.3f}", f"{statistics.median(cpu):.2f}"


def markdown(runs: Sequence[Run], peak: Peak, others: float) -> str:
    limits = ServerLimits()
    return (
        "\n\n".join(
            [
                "# One photo",
                "Made by `python -m benchmarks.photo`; change nothing by hand.",
                f"Machine: {machine.describe()}. Other programs kept {others:.2f} cores busy.",
                f"A JPEG of {SMALL[0]}x{SMALL[1]}, tiles of at most {limits.tile} with overlap {limits.overlap}, every "
                f"way by turns. The whole process took **{times_bare(runs, PIECE)} times** the bare graph in one piece "
                f"plus decoding and encoding (the aim is {BOUND}), and **{times_bare(runs, STRIPS)} times** where the "
                "bare graph does a strip on each core, which is faster and leaves a seam; without Python's start and "
                f"imports {times_bare(runs, PIECE, START)} and {times_bare(runs, STRIPS, START)} times. Medians of "
                "the rounds' ratios.",
                report.table(("what", "fastest s", "median s", "CPU s"), rows(runs)),
                f"A JPEG of {LARGE[0]}x{LARGE[1]}: at the peak the bot held {peak.bot:.0f} MB (the aim is 600) "
                f"and the server {peak.server:.0f} MB (the aim is 2000), as PSS, seen every 50 ms.",
            ]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="photo.py", description="Time one photo's whole way, and watch its memory.")
    parser.add_argument("photo", type=Path, help="any photo; it is resized to 1024x768 and 2304x1728")
    parser.add_argument("--rounds", type=int, default=11, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=machine.folder(), metavar="FOLDER", help="default: %(default)s")
    options = parser.parse_args()
    machine.as_served()
    with tempfile.TemporaryDirectory() as scratch, own_server() as server, Image.open(options.photo) as photo:
        folder = Path(scratch)
        for name, size in (("small.jpg", SMALL), ("large-in.jpg", LARGE)):
            photo.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(folder / name, quality=90)
        with machine.watch([*server.tritonserver, *server.stubs]) as spent:
            found = ways(server, folder / "small.jpg", folder, options.rounds)
        peak = memory(server, folder / "large-in.jpg", folder)
    options.output.mkdir(parents=True, exist_ok=True)
    report.write_csv(options.output / "photo.csv", found)
    (options.output / "photo.md").write_text(markdown(found, peak, spent.others))
    print((options.output / "photo.md").read_text())


if __name__ == "__main__":
    script.run(main)
