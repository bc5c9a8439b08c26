"""Write the tables of docs/formats.md, limits.md and sizing.md, from the bot itself and from the pages of benchmarks/.

usage: python -m docs.tables
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import csv
import re
from collections.abc import Callable, Iterator
from math import isqrt
from pathlib import Path

from benchmarks import machine
from benchmarks.photo_pages import photo_pages
from benchmarks.report import table
from docs import formats
from slackbot.limits import MEGAPIXEL, Limits, PhotoLimits

DOCS = Path(__file__).parent
LARGE_TILE = 416


def limits() -> str:
    """What is taken, and the variable for each."""

    def rows() -> Iterator[tuple[str, ...]]:
        photo, jobs, server = Limits().photo, Limits().jobs, Limits().server
        for what, most, variable in (
            ("file", f"{photo.photo_bytes // 2**20} MB", "PHOTO_BYTES"),
            ("photos of one message", f"{photo.photos_per_message}", "PHOTOS_PER_MESSAGE"),
            ("photo, and its result", f"{photo.output_pixels / MEGAPIXEL:g} megapixels", "OUTPUT_PIXELS"),
            ("result", f"{photo.result_bytes / 1e9:g} GB", "RESULT_BYTES"),
            ("frames of an animation", f"{photo.frames}", "FRAMES"),
            (
                "all frames of an animated result together",
                f"{photo.animation_pixels / MEGAPIXEL:g} megapixels",
                "ANIMATION_PIXELS",
            ),
            ("comparison", f"{photo.comparison_pixels / MEGAPIXEL:g} megapixels", "COMPARISON_PIXELS"),
            ("time for one photo, then it becomes bicubic", f"{server.photo_seconds / 60:g} minutes", "PHOTO_SECONDS"),
            ("messages that wait", f"{jobs.jobs_waiting}", "JOBS_WAITING"),
            ("how long buttons work", f"{jobs.remembered_days:g} days", "REMEMBERED_DAYS"),
        ):
            yield what, most, f"`LIMIT_{variable}`"

    return table(("what", "at most", "variable"), rows())


def sizes() -> str:
    """What comes back for photos of each size."""
    most = PhotoLimits().output_pixels

    def rows() -> Iterator[tuple[str, ...]]:
        for name, scale in (("up to ", 4), ("", 2), ("", 1.63), ("", 1)):
            pixels = int(most / scale**2)
            width = isqrt(pixels * 4 // 3)
            yield (
                f"{name}{pixels / MEGAPIXEL:.3g} megapixels, such as {width} × {width * 3 // 4}",
                f"{scale:g}x: {name}{most / MEGAPIXEL:g} megapixels",
            )
        yield "more", "a sentence, and nothing else"

    return table(("the photo has", "the result"), rows())


def sizing() -> str:
    """Seconds a photo and a megapixel, by the machines that were measured."""
    head = (
        "processor",
        "cores",
        "seconds",
        "seconds a megapixel",
        "processor seconds a megapixel",
        "cores that others kept busy",
    )
    rows = (
        (
            page.kind,
            f"{page.cores}",
            f"{page.seconds:.1f}",
            f"{page.seconds / page.megapixels:.1f}",
            f"{page.cpu / page.megapixels:.1f}",
            f"{page.others:.2f}",
        )
        for page in photo_pages()
    )
    return table(head, rows)


def memory() -> str:
    """What bot and server held at most."""
    rows = (
        (page.kind, f"{page.large_megapixels:.1f}", f"{page.bot_mb}", f"{page.server_mb}") for page in photo_pages()
    )
    return table(("processor", "megapixels of the photo", "bot, MB", "model server, MB"), rows)


def tiles() -> str:
    """What larger tiles cost: processor seconds a megapixel, and memory."""
    limits = Limits().server

    def rows() -> Iterator[tuple[str, ...]]:
        for page in sorted((machine.ROOT / "benchmarks").glob("*/tiles.md")):
            with page.with_suffix(".csv").open(newline="") as lines:
                found = {(int(row["tile"]), int(row["overlap"])): row for row in csv.DictReader(lines)}
            usual, large = (found[tile, limits.overlap] for tile in (limits.tile, LARGE_TILE))
            seconds = (f"{float(row['seconds']):.1f}" for row in (usual, large))
            more = float(large["memory"]) - float(usual["memory"])
            yield f"[{machine.kind(page.read_text())}](../{page.relative_to(machine.ROOT)})", *seconds, f"{more:.0f}"

    head = f"`LIMIT_TILE={limits.tile}`, the default", f"`LIMIT_TILE={LARGE_TILE}`"
    return table(("processor", *head, "MB more for each tile at work"), rows())


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "formats.md": {"formats": lambda: table(formats.HEAD, formats.rows())},
    "limits.md": {"limits": limits, "sizes": sizes},
    "sizing.md": {"sizing": sizing, "tiles": tiles, "memory": memory},
}


def written(page: str, text: str) -> str:
    """The page with its tables in place."""
    for name, make in PARTS[page].items():
        begin = f"<!-- {name}: written by python -m docs.tables -->"
        whole = f"{begin}\n\n{make()}\n\n<!-- end -->"
        text = re.sub(f"{re.escape(begin)}.*?<!-- end -->", lambda _, whole=whole: whole, text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    for page in PARTS:
        path = DOCS / page
        path.write_text(written(page, path.read_text()))
