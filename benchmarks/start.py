"""How long `make enhance` takes for a small photo where no server runs, and what of it each part takes.

usage: python -m benchmarks.start [--rounds N] [--output FOLDER]

All parts by turns, in processes of their own. Rows of other kinds of CPU stay on the page.
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
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine, report, script
from benchmarks.load_people import photo
from benchmarks.serving import own_server
from serving import backends, wheel

ROOT = Path(__file__).resolve().parents[1]
SIZE = (160, 120)
AIM = 4.0  # seconds, on a quiet machine
ENHANCE = ("-m", "slackbot", "--env-file", os.devnull, "enhance")
GRAPH = "import numpy, benchmarks.served_graph as b; b.served_graph(1, 1)([numpy.zeros((248, 248, 3), 'u1')])"
WHOLE = "the whole: a server starts, one photo is enhanced, the server ends"
READY = "`python -m serving`, until it is ready"


@dataclass(frozen=True)
class Part:
    """One part, once."""

    cpu: str
    part: str
    seconds: float


def python(*arguments: str | Path, **environment: str) -> float:
    """Seconds that a Python of its own took. Raises CalledProcessError."""
    begin = time.perf_counter()
    variables = {**os.environ, **environment}
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=variables, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def until_ready() -> float:
    begin = time.perf_counter()
    with own_server():
        return time.perf_counter() - begin


def lay_out(folder: Path) -> float:
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        backends.lay_out(wheel.find(), Path(cache))
        return time.perf_counter() - begin


def parts(folder: Path, address: str) -> dict[str, Callable[[], float]]:
    """What takes turns: its name, and a way to time it."""
    source, result = folder / "photo.jpg", folder / "result.jpg"
    source.write_bytes(photo(*SIZE, seed=0))
    enhance = (*ENHANCE, source, "-o", result, "--force")
    return {
        WHOLE: lambda: python(
            "-m", "serving.run_with_server", sys.executable, *map(str, enhance), TRITON_URL="[::1]:9"
        ),
        READY: until_ready,
        "of it: Python and the imports": lambda: python("-c", "import serving.__main__"),
        "of it: the folder of backends, the first time": lambda: lay_out(folder),
        "of it: Python, the engine, the graph and a first tile": lambda: python("-c", GRAPH),
        "`slackbot enhance`, with a server": lambda: python(*enhance, TRITON_URL=address),
        "of it: Python and the imports of the bot": lambda: python("-c", "import slackbot.cli, slackbot.enhance_files"),
    }


def measure(rounds: int) -> Iterator[Part]:
    cpu = machine.kind(machine.describe())
    with tempfile.TemporaryDirectory() as scratch, own_server() as server:
        found = parts(Path(scratch), server.address)
        for number in range(rounds + 1):
            for name, run in found.items():
                seconds = run()
                if number:  # the first round fills caches
                    yield Part(cpu, name, seconds)
                    print(f"{name}: {seconds:.2f} s", file=sys.stderr, flush=True)


def markdown(rows: Sequence[Part]) -> str:
    """The page, with a table for each kind of CPU."""
    parts = [
        "# Start",
        "Made by `python -m benchmarks.start`; change nothing by hand.",
        f"`make enhance` of a photo of {SIZE[0]}x{SIZE[1]} where no server runs, and its parts, each by itself and all "
        f"by turns; the aim is {AIM:g} s on a quiet machine. Another server idles meanwhile.",
    ]
    return "\n\n".join([*parts, *report.by_kind(rows, _table)]) + "\n"


def _table(rows: Sequence[Part]) -> str:
    of: dict[str, list[float]] = {}
    for row in rows:
        of.setdefault(row.part, []).append(row.seconds)
    lines = ((name, f"{min(times):.2f}", f"{statistics.median(times):.2f}") for name, times in of.items())
    return report.table(("part", "fastest s", "median s"), lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="start.py", description="Time the start of the server and of the bot.")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks", metavar="FOLDER")
    options = parser.parse_args()
    report.write_kind(options.output, "start", list(measure(options.rounds)), markdown)


if __name__ == "__main__":
    script.run(main)
