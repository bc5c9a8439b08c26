"""Tile size and overlap: what they cost in time and memory, and what a seam shows.

usage: python benchmarks/tiles.py PHOTOS [--collages N] [--output FOLDER]

Four photos side by side make one of 1024x768, so that every tile size has seams. Each is enlarged whole and in tiles,
by the bare graph on one thread; the largest difference between the two is the seam error.
"""

import argparse
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

if __package__ in (None, ""):  # run as a script: the project, not this folder, is where imports start
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from serving import figures, machine
from serving.benchmark import newest
from slackbot import tiles
from slackbot.tiles import STEP, spans

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT, SCALE = 1024, 768, 4
FOUR_MEGAPIXELS = (2304, 1728)
TILES = (128, 192, 256, 384, 416, 512, 768)
OVERLAPS = (0, 16, 32, 40, 72)

Run = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Cost:
    """One tile size and overlap. `fitted`: sides shrink to what the photo's number of tiles needs."""

    tile: int
    overlap: int
    fitted: bool
    tiles: int
    computed: float
    """pixels computed for each pixel of the 1024x768 photo"""
    computed_large: float
    """the same for 4 megapixels, 2304x1728"""
    seconds: float
    """CPU seconds a megapixel of the 1024x768 photo"""
    seam: int
    """largest difference to the whole, of 255"""
    memory: float
    """MB at the peak of a process that computes one such tile"""


def side(length: int, tile: int, overlap: int, fitted: bool) -> int:
    """The side of tiles that cover `length`: the tile's, or where `fitted` the least that needs no more of them."""
    return min(length, tiles.fitted(length, tile, overlap) if fitted else tile)


def sides(size: tuple[int, int], tile: int, overlap: int, fitted: bool) -> tuple[int, int]:
    width, height = (side(length, tile, overlap, fitted) for length in size)
    return width, height


def computed(size: tuple[int, int], tile: int, overlap: int, fitted: bool) -> tuple[int, float]:
    """How many tiles, and how many pixels they have for each of the photo's."""
    width, height = sides(size, tile, overlap, fitted)
    count = len(spans(size[0], width, overlap)) * len(spans(size[1], height, overlap))
    return count, count * width * height / (size[0] * size[1])


def in_tiles(photo: np.ndarray, run: Run, tile: int, overlap: int, fitted: bool) -> np.ndarray:
    """The photo enlarged tile by tile, cut as the bot cuts."""
    height, width, _ = photo.shape
    tile_width, tile_height = sides((width, height), tile, overlap, fitted)
    result = np.empty((SCALE * height, SCALE * width, 3), np.uint8)
    for row in spans(height, tile_height, overlap):
        for column in spans(width, tile_width, overlap):
            enlarged = run(photo[row.start : row.stop, column.start : column.stop])
            rows = slice(SCALE * (row.keep_start - row.start), SCALE * (row.keep_stop - row.start))
            columns = slice(SCALE * (column.keep_start - column.start), SCALE * (column.keep_stop - column.start))
            kept = (
                slice(SCALE * row.keep_start, SCALE * row.keep_stop),
                slice(SCALE * column.keep_start, SCALE * column.keep_stop),
            )
            result[kept] = enlarged[rows, columns]
    return result


def collages(folder: Path, count: int) -> Iterator[np.ndarray]:
    """Photos of 1024x768, each of four random ones."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".png", ".jpg", ".jpeg"))
    if len(files) < 4:
        sys.exit(f"tiles.py: there are fewer than four photos in {folder}")
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


def graph(path: Path) -> Run:
    import openvino

    request = (
        openvino.Core()
        .compile_model(path, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1})
        .create_infer_request()
    )

    def run(tile: np.ndarray) -> np.ndarray:
        request.infer([np.ascontiguousarray(tile[None])], share_inputs=True, share_outputs=True)
        return np.asarray(request.get_output_tensor().data[0])

    return run


def peak_memory(path: Path, width: int, height: int) -> float:
    """MB of a fresh process that computes one tile."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_peak_memory, path, width, height).result()


def _peak_memory(path: Path, width: int, height: int) -> float:
    graph(path)(np.zeros((height, width, 3), np.uint8))
    # Not getrusage, whose maximum includes what the process was before `exec`.
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024 / 1e6


def measure(photos: list[np.ndarray], path: Path) -> Iterator[Cost]:
    run = graph(path)
    whole = [run(photo).copy() for photo in photos]
    memory: dict[tuple[int, int], float] = {}
    for tile in TILES:
        for overlap, fitted in ((overlap, fitted) for overlap in OVERLAPS for fitted in (False, True)):
            shape = sides((WIDTH, HEIGHT), tile, overlap, fitted)
            if fitted and shape == sides((WIDTH, HEIGHT), tile, overlap, fitted=False):
                continue
            run(photos[0][: shape[1], : shape[0]])  # kernels of this shape are made, as they were for users before
            begin = time.process_time()
            results = [in_tiles(photo, run, tile, overlap, fitted) for photo in photos]
            seconds = (time.process_time() - begin) / (len(photos) * WIDTH * HEIGHT / 1e6)
            if shape not in memory:
                memory[shape] = peak_memory(path, *shape)
            count, factor = computed((WIDTH, HEIGHT), tile, overlap, fitted)
            yield Cost(
                tile=tile, overlap=overlap, fitted=fitted, tiles=count, computed=factor,
                computed_large=computed(FOUR_MEGAPIXELS, tile, overlap, fitted)[1], seconds=seconds,
                seam=max(int(np.abs(a.astype(int) - b).max()) for a, b in zip(results, whole, strict=True)),
                memory=memory[shape],
            )  # fmt: skip


def markdown(costs: list[Cost], seconds_whole: float, photos: int) -> str:
    rows = (
        (
            str(cost.tile), str(cost.overlap), "fitted" if cost.fitted else "square", str(cost.tiles),
            f"{cost.computed:.2f}", f"{cost.computed_large:.2f}", f"{cost.seconds:.2f}", str(cost.seam),
            f"{cost.memory:.0f}",
        )
        for cost in costs
    )  # fmt: skip
    least: dict[int, list[int]] = defaultdict(list)
    for cost in costs:
        least[cost.overlap].append(cost.seam)
    harmless = min((overlap for overlap, seams in least.items() if max(seams) <= 2), default=None)
    return (
        "\n\n".join(
            [
                "# Tile size and overlap",
                "Made by `python benchmarks/tiles.py`; change nothing by hand.",
                f"Machine: {machine.describe()}; one thread.",
                f"Seams over {photos} collages of four validation photos, 1024x768, against the whole in one piece "
                f"({seconds_whole:.2f} CPU s a megapixel). An overlap of {harmless} keeps every seam within 2 of 255. "
                f"Fitted tiles have the least sides, in steps of {STEP}, with which no more are needed. Work: pixels "
                "computed for each pixel of the photo. MB: the peak of a process that computes one such tile.",
                figures.table(
                    (
                        "tile",
                        "overlap",
                        "sides",
                        "tiles",
                        "computed, 1024x768",
                        "computed, 4 Mpx",
                        "CPU s/Mpx",
                        "seam",
                        "MB",
                    ),
                    rows,
                ),
            ]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="tiles.py", description="Measure tile sizes and overlaps.")
    parser.add_argument("photos", type=Path, help="folder of validation photos")
    parser.add_argument("--collages", type=int, default=4, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks", metavar="FOLDER")
    options = parser.parse_args()
    path = newest(ROOT / "model_repository") / "model.onnx"
    photos = list(collages(options.photos, options.collages))
    run = graph(path)
    run(photos[0])
    begin = time.process_time()
    run(photos[0])
    whole = (time.process_time() - begin) / (WIDTH * HEIGHT / 1e6)
    costs: list[Cost] = []
    for cost in measure(photos, path):
        print(cost, file=sys.stderr, flush=True)
        costs.append(cost)
    options.output.mkdir(parents=True, exist_ok=True)
    figures.write_csv(options.output / "tiles.csv", costs)
    (options.output / "tiles.md").write_text(markdown(costs, whole, len(photos)))
    print((options.output / "tiles.md").read_text())


if __name__ == "__main__":
    main()
