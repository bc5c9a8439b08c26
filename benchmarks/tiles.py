"""Tile size and overlap: what they cost in time and memory, and what a seam shows.

usage: python -m benchmarks.tiles PHOTOS [--collages N] [--output FOLDER]

By the bare graph on one thread, with tiles cut as the bot cuts them. Every photo is enlarged across one cut, with each
overlap, and whole: the largest difference is the seam error. Then collages of 1024x768, four photos side by side each,
are enlarged in tiles of every size and overlap.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import argparse
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import machine, report
from benchmarks.served_graph import served_graph
from slackbot.inference.tiling import STEP, plan, scaled
from slackbot.limits import ServerLimits

WIDTH, HEIGHT, SCALE = 1024, 768, 4
FOUR_MEGAPIXELS = (2304, 1728)
ROUNDS = 3
TILES = (128, 192, 224, 248, 256, 288, 320, 416, 512)
OVERLAPS = (0, 8, 16, 24, 40)
STRIP = (288, 96)
"""Width and height of the part of each photo that is cut once: more than a generator sees beyond the cut."""
INVISIBLE = 2
"""The largest seam error that nobody sees, of 255."""

Run = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Seam:
    """What one overlap shows where photos are cut once."""

    overlap: int
    largest: int
    """largest difference to the whole, of 255"""
    seen: int
    """photos with a difference above INVISIBLE"""
    photos: int


@dataclass(frozen=True)
class Cost:
    """One tile size and overlap, over collages."""

    tile: int
    overlap: int
    tiles: int
    computed: float
    """pixels computed for each pixel of the 1024x768 photo"""
    computed_large: float
    """the same for 4 megapixels, 2304x1728"""
    seconds: float
    """CPU seconds a megapixel of the 1024x768 photo, in the best of ROUNDS"""
    seam: int
    """largest difference to the whole, of 255"""
    memory: float
    """MB at the peak of a process that computes one such tile"""


def computed(size: tuple[int, int], tile: int, overlap: int, at_once: int) -> tuple[int, float]:
    """How many tiles, and how many pixels they have for each of the photo's."""
    boxes = [tile.box for tile in plan(*size, tile, overlap, at_once)]
    pixels = sum((right - left) * (lower - upper) for left, upper, right, lower in boxes)
    return len(boxes), pixels / (size[0] * size[1])


def in_tiles(photo: np.ndarray, run: Run, tile: int, overlap: int, at_once: int) -> np.ndarray:
    """The photo enlarged tile by tile, cut as the bot cuts."""
    height, width, _ = photo.shape
    result = np.empty((SCALE * height, SCALE * width, 3), np.uint8)
    for part in plan(width, height, tile, overlap, at_once):
        enlarged = run(_cut(photo, part.box))
        _cut(result, scaled(part.kept, SCALE))[:] = _cut(enlarged, scaled(part.kept_inside, SCALE))
    return result


def _cut(pixels: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    left, upper, right, lower = box
    return pixels[upper:lower, left:right]


def difference(pixels: np.ndarray, whole: np.ndarray) -> int:
    """The largest, of 255."""
    return int(np.abs(pixels.astype(np.int16) - whole).max())


def pictures(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".png", ".jpg", ".jpeg"))
    if len(files) < 4:
        sys.exit(f"benchmarks.tiles: there are fewer than four photos in {folder}")
    return files


def strips(files: list[Path]) -> Iterator[np.ndarray]:
    """A part of each photo that is large enough, from its middle."""
    for file in files:
        with Image.open(file) as photo:
            left, upper = (photo.width - STRIP[0]) // 2, (photo.height - STRIP[1]) // 2
            if min(left, upper) >= 0:
                yield np.asarray(photo.convert("RGB").crop((left, upper, left + STRIP[0], upper + STRIP[1])))


def seams(photos: list[np.ndarray], run: Run) -> list[Seam]:
    """What each overlap shows, where each photo is cut into two tiles."""
    found: list[Seam] = []
    wholes = [run(photo).copy() for photo in photos]
    for overlap in OVERLAPS:
        side = (STRIP[0] + overlap) // 2
        errors = [
            difference(in_tiles(photo, run, side, overlap, 1), whole)
            for photo, whole in zip(photos, wholes, strict=True)
        ]
        found.append(Seam(overlap, max(errors), sum(error > INVISIBLE for error in errors), len(errors)))
    return found


def collages(files: list[Path], count: int) -> Iterator[np.ndarray]:
    """Photos of 1024x768, each of four random ones."""
    draw = random.Random(0)  # noqa: S311 - to choose photos
    for _ in range(count):
        collage = Image.new("RGB", (WIDTH, HEIGHT))
        for corner, file in enumerate(draw.sample(files, 4)):
            with Image.open(file) as photo:
                part = photo.convert("RGB").resize((WIDTH // 2, HEIGHT // 2), box=_box(photo.size))
            collage.paste(part, (corner % 2 * WIDTH // 2, corner // 2 * HEIGHT // 2))
        yield np.asarray(collage)


def _box(size: tuple[int, int]) -> tuple[int, int, int, int]:
    # The largest part of the collage's proportions.
    width = min(size[0], size[1] * WIDTH // HEIGHT)
    return (0, 0, width, width * HEIGHT // WIDTH)


def graph() -> Run:
    """The graph as it is served, on one thread; what it gives holds until the next call."""
    run = served_graph(1, 1)
    return lambda tile: run([np.ascontiguousarray(tile)])[0]


def peak_memory(width: int, height: int) -> float:
    """MB of a fresh process that computes one tile."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_peak_memory, width, height).result()


def _peak_memory(width: int, height: int) -> float:
    graph()(np.zeros((height, width, 3), np.uint8))
    # Not getrusage, whose maximum includes what the process was before `exec`.
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024 / 1e6


def shape(tile: int, overlap: int, at_once: int) -> tuple[int, int]:
    """Width and height of the tiles of the 1024x768 photo."""
    left, upper, right, lower = plan(WIDTH, HEIGHT, tile, overlap, at_once)[0].box
    return right - left, lower - upper


def seconds(shapes: set[tuple[int, int]], run: Run) -> dict[tuple[int, int], float]:
    """CPU seconds of one tile of each shape; by turns, so that what else the machine does is all the shapes' burden."""
    best: dict[tuple[int, int], float] = {}
    for width, height in [*sorted(shapes)] * ROUNDS:
        tile = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        run(tile)  # kernels and memory of this shape are made, as they were for users before
        begin = time.process_time()
        run(tile)
        spent = time.process_time() - begin
        best[width, height] = min(spent, best.get((width, height), spent))
    return best


def measure(photos: list[np.ndarray], run: Run, at_once: int) -> Iterator[Cost]:
    whole = [run(photo).copy() for photo in photos]
    grids = {(tile, overlap): shape(tile, overlap, at_once) for tile in TILES for overlap in OVERLAPS}
    times = seconds(set(grids.values()), run)
    memory = {sides: peak_memory(*sides) for sides in set(grids.values())}
    for (tile, overlap), sides in grids.items():
        results = [in_tiles(photo, run, tile, overlap, at_once) for photo in photos]
        count, factor = computed((WIDTH, HEIGHT), tile, overlap, at_once)
        yield Cost(
            tile=tile, overlap=overlap, tiles=count, computed=factor,
            computed_large=computed(FOUR_MEGAPIXELS, tile, overlap, at_once)[1],
            seconds=count * times[sides] / (WIDTH * HEIGHT / 1e6),
            seam=max(map(difference, results, whole)), memory=memory[sides],
        )  # fmt: skip


def markdown(found: list[Seam], costs: list[Cost], seconds_whole: float, collages: int) -> str:
    limits = ServerLimits()
    harmless = min(seam.overlap for seam in found if all(not s.seen for s in found if s.overlap >= seam.overlap))
    return (
        "\n\n".join(
            [
                "# Tile size and overlap",
                "Made by `python -m benchmarks.tiles`; change nothing by hand.",
                f"Machine: {machine.describe()}; one thread.",
                f"## Seams\n\nParts of {STRIP[0]}x{STRIP[1]} from the middle of {found[0].photos} validation photos, "
                f"cut once, against the whole part. From an overlap of {harmless} on, no pixel of any is more than "
                f"{INVISIBLE} of 255 from what it is in the whole. The bot's tiles overlap by {limits.overlap}.",
                report.table(
                    ("overlap", "largest difference, of 255", f"photos with more than {INVISIBLE}"),
                    ((str(seam.overlap), str(seam.largest), f"{seam.seen} of {seam.photos}") for seam in found),
                ),
                f"## Cost\n\n1024x768 pixels, of four validation photos each, {collages} times. In one piece they take "
                f"{seconds_whole:.2f} CPU s a megapixel. Tile: the largest side allowed; tiles have the sides, in "
                f"steps of {STEP}, with which a server that computes {limits.tiles_at_once} at a time is done first. "
                "Computed: pixels computed for each pixel of the photo. Seam: the largest difference to the whole, of "
                "255. MB: the peak of a process that computes one such tile.",
                report.table(
                    ("tile", "overlap", "tiles", "computed, 1024x768", "computed, 4 Mpx", "CPU s/Mpx", "seam", "MB"),
                    (
                        (
                            str(cost.tile), str(cost.overlap), str(cost.tiles), f"{cost.computed:.2f}",
                            f"{cost.computed_large:.2f}", f"{cost.seconds:.2f}", str(cost.seam), f"{cost.memory:.0f}",
                        )
                        for cost in costs
                    ),
                ),
            ]
        )
        + "\n"
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="tiles.py", description="Measure tile sizes and overlaps.")
    parser.add_argument("photos", type=Path, help="folder of validation photos")
    parser.add_argument("--collages", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=machine.folder(), metavar="FOLDER", help="default: %(default)s")
    options = parser.parse_args()
    machine.as_served()
    files = pictures(options.photos)
    run = graph()
    found = seams(list(strips(files)), run)
    for seam in found:
        print(seam, file=sys.stderr, flush=True)
    photos = list(collages(files, options.collages))
    whole = seconds({(WIDTH, HEIGHT)}, run)[WIDTH, HEIGHT] / (WIDTH * HEIGHT / 1e6)
    costs: list[Cost] = []
    for cost in measure(photos, run, ServerLimits().tiles_at_once):
        print(cost, file=sys.stderr, flush=True)
        costs.append(cost)
    options.output.mkdir(parents=True, exist_ok=True)
    report.write_csv(options.output / "tiles.csv", costs)
    (options.output / "tiles.md").write_text(markdown(found, costs, whole, len(photos)))
    print((options.output / "tiles.md").read_text())


if __name__ == "__main__":
    main()
