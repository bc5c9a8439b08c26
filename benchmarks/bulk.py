"""Many small photos: how many a second through the command line and through the bot, beside the bare graph.

usage: python -m benchmarks.bulk [--photos N] [--output FOLDER]

Avatars of 128x128 pixels, one tile each. Rows of other kinds of CPU stay on the page.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import machine, report, script
from benchmarks.load import Stack, stack
from benchmarks.load_people import photo
from benchmarks.served_graph import served_graph
from slackbot.limits import PhotoLimits

ROOT = Path(__file__).resolve().parents[1]
SIDE = 128
BARE, FILES, BOT = "the bare graph, a photo on each core", "`slackbot enhance FOLDER`", "the bot, ten photos a message"
AIM = 0.8


@dataclass(frozen=True)
class Bulk:
    """One way."""

    cpu: str
    way: str
    photos: int
    seconds: float
    others: float
    """cores that other programs kept busy meanwhile"""


def files(folder: Path, address: str) -> None:
    """All files of a folder, as a person enhances them. Raises SystemExit where one is not the model's."""
    command = [
        sys.executable,
        "-m",
        "slackbot",
        "--env-file",
        os.devnull,
        "enhance",
        str(folder),
        "-o",
        f"{folder}-4x/",
    ]
    done = subprocess.run(
        [*command, "--force", "--triton", address], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode or done.stdout.count("model version") != len(list(folder.iterdir())):
        sys.exit(f"benchmarks.bulk: not all were enhanced: {done.stdout[-500:]}{done.stderr[-500:]}")


def messages(running: Stack, contents: Sequence[bytes]) -> None:
    """All photos in messages of as many as the bot takes. Raises TimeoutError."""
    each = PhotoLimits().photos_per_message
    shared = [
        running.workspace.post(
            "#photos",
            f"<@{running.workspace.bot_user}>",
            [(f"{begin + i}.jpg", content) for i, content in enumerate(contents[begin : begin + each])],
        )
        for begin in range(0, len(contents), each)
    ]
    for message in shared:
        running.workspace.wait_for_replies(message, seconds=1800)


def measure(count: int) -> list[Bulk]:
    """Every way once, each after one photo that does not count."""
    contents = [photo(SIDE, SIDE, seed) for seed in range(count)]
    pixels = [np.asarray(Image.open(io.BytesIO(content))) for content in contents]
    graph, rows = served_graph(1, machine.cores()), list[Bulk]()
    graph(pixels[:1])

    def timed(way: str, running: Stack | None, work: Callable[[], object]) -> None:
        with machine.watch(running.processes if running else []) as spent:
            begin = time.monotonic()
            work()
            seconds = time.monotonic() - begin
        rows.append(Bulk(machine.kind(machine.describe()), way, count, seconds, spent.others))
        print(f"{way}: {count / seconds:.2f} photos a second", file=sys.stderr, flush=True)

    timed(BARE, None, lambda: graph(pixels))
    with tempfile.TemporaryDirectory() as scratch, stack(Path(scratch)) as running:
        folder = Path(scratch, "avatars")
        folder.mkdir()
        for number, content in enumerate(contents):
            (folder / f"{number:03}.jpg").write_bytes(content)
        messages(running, contents[:1])
        timed(FILES, running, lambda: files(folder, running.server.address))
        timed(BOT, running, lambda: messages(running, contents))
    return rows


def markdown(rows: Sequence[Bulk]) -> str:
    """The page, with a table for each kind of CPU."""
    parts = [
        "# Small photos in bulk",
        "Made by `python -m benchmarks.bulk`; change nothing by hand.",
        f"Avatars of {SIDE}x{SIDE}, a JPEG each, in one way after the other. The aim is {AIM:.0%} of the bare graph's "
        "photos a second. The command line's time includes its start; the bot's, its messages and replies.",
    ]
    return "\n\n".join([*parts, *report.by_kind(rows, _table)]) + "\n"


def _table(rows: Sequence[Bulk]) -> str:
    bare = next(row.seconds / row.photos for row in rows if row.way == BARE)
    lines = (
        (
            row.way,
            f"{row.photos}",
            f"{row.seconds:.1f}",
            f"{row.photos / row.seconds:.2f}",
            f"{bare * row.photos / row.seconds:.0%}",
            f"{row.others:.2f}",
        )
        for row in rows
    )
    return report.table(("way", "photos", "seconds", "photos a second", "of the bare graph", "others, cores"), lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bulk.py", description="Time many small photos.")
    parser.add_argument("--photos", type=int, default=200, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks", metavar="FOLDER")
    options = parser.parse_args()
    machine.as_served()
    report.write_kind(options.output, "bulk", measure(options.photos), markdown)


if __name__ == "__main__":
    script.run(main)
