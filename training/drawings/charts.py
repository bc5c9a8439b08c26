"""Charts with axes and labels."""

from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from training.drawings.canvas import SIDE, Colour, Generator, colour, contrast, finer
from training.drawings.writing import Writer


def chart(rng: Generator) -> Image.Image:
    """Curves, bars, points, sectors and coloured cells with axes and labels."""
    paper, ink = contrast(rng)

    def paint(draw: ImageDraw.ImageDraw, by: int, rng: Generator) -> None:
        half = SIDE * by // 2
        for left, top in ((0, 0), (half, 0), (0, half), (half, half)):
            box = (left + 50 * by, top + 20 * by, left + half - 20 * by, top + half - 40 * by)
            plots[int(rng.integers(len(plots)))](draw, box, by, rng, ink)
            draw.line((box[0], box[1], box[0], box[3], box[2], box[3]), fill=ink, width=by)

    image = finer(rng, paint, paper)
    draw, writer = ImageDraw.Draw(image), Writer(rng, "latin")
    for _ in range(40):
        x, y = rng.integers(0, SIDE, 2)
        writer.put(draw, (int(x) // 30 * 30, int(y) // 60 * 60), writer.word()[:7], int(rng.integers(9, 18)), ink)
    return image


def _curves(draw: ImageDraw.ImageDraw, box: tuple[int, ...], by: int, rng: Generator, _ink: Colour) -> None:
    x = np.linspace(box[0], box[2], 60)
    for _ in range(int(rng.integers(1, 6))):
        walk = np.cumsum(rng.normal(size=60))
        y = box[3] - (walk - walk.min()) / (np.ptp(walk) + 1e-6) * (box[3] - box[1])
        draw.line([*zip(x, y, strict=True)], fill=colour(rng), width=int(rng.integers(1, 4)) * by, joint="curve")
    for y in np.linspace(box[1], box[3], 6):
        draw.line((box[0], y, box[2], y), fill=colour(rng, 150, 230), width=max(1, by // 2))


def _bars(draw: ImageDraw.ImageDraw, box: tuple[int, ...], by: int, rng: Generator, ink: Colour) -> None:
    count = int(rng.integers(3, 12))
    step, fill = (box[2] - box[0]) / count, colour(rng, 30, 230)
    for i in range(count):
        top = box[3] - rng.random() * (box[3] - box[1])
        draw.rectangle((box[0] + i * step, top, box[0] + (i + 0.8) * step, box[3]), fill=fill, outline=ink, width=by)


def _points(draw: ImageDraw.ImageDraw, box: tuple[int, ...], by: int, rng: Generator, ink: Colour) -> None:
    for _ in range(120):
        x, y, r = rng.uniform(box[0], box[2]), rng.uniform(box[1], box[3]), rng.uniform(2, 6) * by
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour(rng), outline=ink if rng.random() < 0.5 else None)


def _sectors(draw: ImageDraw.ImageDraw, box: tuple[int, ...], by: int, rng: Generator, ink: Colour) -> None:
    ends = [0, *np.sort(rng.uniform(0, 360, int(rng.integers(2, 8)))), 360]
    for begin, end in pairwise(ends):
        draw.pieslice((box[0], box[1], box[2], box[3]), begin, end, fill=colour(rng, 40), outline=ink, width=by)


def _cells(draw: ImageDraw.ImageDraw, box: tuple[int, ...], _by: int, rng: Generator, _ink: Colour) -> None:
    count = int(rng.integers(4, 16))
    wide, high = (box[2] - box[0]) / count, (box[3] - box[1]) / count
    for i in range(count):
        for j in range(count):
            x, y = box[0] + i * wide, box[1] + j * high
            draw.rectangle((x, y, x + wide, y + high), fill=colour(rng))


plots = (_curves, _bars, _points, _sectors, _cells)
