"""Line art, comics and patterns."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training.drawings.canvas import SIDE, Generator, colour, contrast, finer
from training.drawings.writing import Writer

Point = NDArray[np.float64]
"""(2,): x and y, px."""
Points = NDArray[np.float64]
"""(N, 2)."""


def line_art(rng: Generator) -> Image.Image:
    """Thin strokes: rosettes, stars, hatching and scribbles, black on white or coloured."""
    paper, ink = contrast(rng)

    def paint(draw: ImageDraw.ImageDraw, by: int, rng: Generator) -> None:
        for _ in range(int(rng.integers(4, 10))):
            at = rng.uniform(0, SIDE * by, 2)
            width, stroke = max(1, round(by * rng.uniform(0.6, 3))), ink if rng.random() < 0.8 else colour(rng)
            kind, reach = rng.integers(4), rng.uniform(60, 220) * by
            for points in STROKES[kind](rng, at, reach, by):
                draw.line([tuple(point) for point in points], fill=stroke, width=width, joint="curve")

    return finer(rng, paint, paper)


def _rosette(rng: Generator, at: Point, reach: float, _by: int) -> Iterator[Points]:
    angle = np.linspace(0, 2 * np.pi, 400)
    petals, copies = int(rng.integers(3, 9)), int(rng.integers(3, 14))
    for radius in np.linspace(0.2, 1, copies) * reach:
        r = radius * (1 + 0.3 * np.sin(petals * angle))
        yield np.stack((at[0] + r * np.cos(angle), at[1] + r * np.sin(angle)), 1)


def _star(rng: Generator, at: Point, reach: float, _by: int) -> Iterator[Points]:
    for turn in np.linspace(0, np.pi * 2, int(rng.integers(16, 90)), endpoint=False):
        yield np.array((at, (at[0] + reach * np.cos(turn), at[1] + reach * np.sin(turn))))


def _hatching(rng: Generator, at: Point, reach: float, by: int) -> Iterator[Points]:
    turn, gap = rng.uniform(0, np.pi), rng.uniform(3, 14) * by
    a, b = np.array((np.cos(turn), np.sin(turn))), np.array((-np.sin(turn), np.cos(turn)))
    for shift in np.arange(-reach, reach, gap):
        yield np.array((at + a * shift - b * reach, at + a * shift + b * reach))


def _scribble(rng: Generator, at: Point, reach: float, _by: int) -> Iterator[Points]:
    yield np.cumsum(rng.normal(scale=reach / 8, size=(30, 2)), 0) + at


STROKES = (_rosette, _star, _hatching, _scribble)
"""Each yields lines, as (N, 2) points, around a place and as far as `reach`, px."""


def comic(rng: Generator) -> Image.Image:
    """Flat shapes with bold outlines, dots of a printing screen, balloons with words."""
    paper, ink = colour(rng, 140), (0, 0, 0)

    def paint(draw: ImageDraw.ImageDraw, by: int, rng: Generator) -> None:
        pitch = int(rng.integers(5, 14)) * by
        dots, radius = colour(rng), pitch * rng.uniform(0.15, 0.4)
        for row, y in enumerate(range(0, SIDE * by, pitch)):
            for x in range(row % 2 * pitch // 2, SIDE * by, pitch):
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=dots)
        for _ in range(int(rng.integers(8, 20))):
            x, y = rng.uniform(0, SIDE * by, 2)
            corners, width = int(rng.integers(3, 14)), int(rng.integers(1, 6)) * by
            turn = np.sort(rng.uniform(0, 2 * np.pi, corners))
            r = rng.uniform(30, 130) * by * rng.uniform(0.5, 1, corners)
            points = [*zip(x + r * np.cos(turn), y + r * np.sin(turn), strict=True)]
            if rng.random() < 0.6:
                draw.polygon(points, fill=colour(rng), outline=ink, width=width)
            else:
                draw.ellipse((x - r[0], y - r[1], x + r[0], y + r[1]), fill=colour(rng), outline=ink, width=width)

    image = finer(rng, paint, paper)
    draw, writer = ImageDraw.Draw(image), Writer(rng)
    for _ in range(4):
        x, y = (int(value) for value in rng.integers(0, SIDE - 200, 2))
        size = int(rng.integers(12, 30))
        draw.rounded_rectangle((x, y, x + 200, y + size * 3), radius=size, fill=(255, 255, 255), outline=ink, width=2)
        writer.put(draw, (x + size, y + size * 0.8), writer.line(2)[:16], size, ink)
    return image


def patterns(rng: Generator) -> Image.Image:
    """Stripes, boards, rings and dithers down to single pixels, and blocks like those of a QR code."""
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    cell = SIDE // 4
    for top in range(0, SIDE, cell):
        for left in range(0, SIDE, cell):
            on = _pattern(rng, cell)
            paper, ink = contrast(rng)
            picture[top : top + cell, left : left + cell] = np.where(on[..., None], ink, paper)
    return Image.fromarray(picture)


def _pattern(rng: Generator, cell: int) -> NDArray[np.bool_]:
    """(cell, cell): where the ink is."""
    b, a = np.mgrid[:cell, :cell]
    pitch, kind = int(np.exp(rng.uniform(0, np.log(16)))), rng.integers(7)
    if kind == 0:
        return (a // pitch) % 2 == 0
    if kind == 1:
        return (b // pitch) % 2 == 0
    if kind == 2:
        return (a // pitch + b // pitch) % 2 == 0
    if kind == 3:
        return np.sin(np.hypot(a - cell / 2, b - cell / 2) ** 2 / cell / (1 + pitch)) > 0
    if kind == 4:
        return (a * rng.integers(1, 4) + b * rng.integers(1, 4)) // (1 + pitch) % 2 == 0
    if kind == 5:
        blocks = rng.random((cell // (2 + pitch) + 1,) * 2) < 0.5
        return np.kron(blocks, np.ones((2 + pitch,) * 2))[:cell, :cell] > 0
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
    return np.tile(bayer, (cell // 4 + 1,) * 2)[:cell, :cell] < 16 * a / cell
