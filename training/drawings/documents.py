"""Pages of text, user interfaces and tables."""

import numpy as np
from PIL import Image, ImageDraw

from training.drawings.canvas import SIDE, Colour, Generator, colour, contrast
from training.drawings.writing import Writer


def text_page(rng: Generator) -> Image.Image:
    """Lines of sizes from small print to headings."""
    paper, ink = contrast(rng)
    image = Image.new("RGB", (SIDE, SIDE), paper)
    draw, y = ImageDraw.Draw(image), int(rng.integers(0, 20))
    writer = Writer(rng)
    while y < SIDE:
        size = int(np.exp(rng.uniform(np.log(9), np.log(64))))
        if rng.random() < 0.3:
            writer.path = writer.another_font(writer.script)
        if rng.random() < 0.15:
            ink = contrast(rng)[1] if sum(paper) > 380 else colour(rng, 170)
        for _ in range(int(rng.integers(1, 4)) if size < 30 else 1):
            writer.put(draw, (int(rng.integers(0, 40)), y), writer.line(2 + 700 // size // 4), size, ink)
            y += round(size * rng.uniform(1.15, 1.6))
    return image


def interface(rng: Generator) -> Image.Image:
    """Windows, lists, buttons, switches and fields, as screenshots show them."""
    paper, ink = contrast(rng)
    image = Image.new("RGB", (SIDE, SIDE), paper)
    draw, writer = ImageDraw.Draw(image), Writer(rng)
    accent, size = colour(rng, 40, 220), int(rng.integers(11, 22))
    draw.rectangle((0, 0, SIDE, size * 3), fill=accent)
    writer.put(draw, (size, size * 0.8), writer.line(3), size, (255, 255, 255))
    side = int(rng.integers(120, 260))
    red, green, blue = (max(0, min(255, value + (-14 if sum(paper) > 380 else 16))) for value in paper)
    shade = (red, green, blue)
    draw.rectangle((0, size * 3, side, SIDE), fill=shade)
    y = size * 4
    while y < SIDE:
        writer.put(draw, (size, y), writer.word()[:14], size, ink)
        _widget(draw, writer, (side + size, y), size, ink, accent, shade)
        draw.line((side, y + size * 3.4, SIDE, y + size * 3.4), fill=shade)
        y += round(size * rng.uniform(3, 5))
    return image


def _widget(
    draw: ImageDraw.ImageDraw,
    writer: Writer,
    at: tuple[int, int],
    size: int,
    ink: Colour,
    accent: Colour,
    shade: Colour,
) -> None:
    """A button, a field, a switch, a slider, or some lines of text, with its top left at `at`."""
    rng, (x, y), high = writer.rng, at, size * 2
    kind = rng.integers(6)
    if kind == 0:
        draw.rounded_rectangle((x, y, x + 160, y + high), radius=int(rng.integers(0, size)), fill=accent)
        writer.put(draw, (x + 12, y + size * 0.3), writer.word()[:10], size, (255, 255, 255))
    elif kind == 1:
        draw.rounded_rectangle((x, y, x + 300, y + high), radius=4, outline=ink, width=int(rng.integers(1, 3)))
        writer.put(draw, (x + 8, y + size * 0.3), writer.line(2), size, ink)
    elif kind == 2:
        on = rng.random() < 0.5
        draw.rounded_rectangle((x, y, x + high * 2, y + high), radius=high // 2, fill=accent if on else shade)
        left = x + high if on else x
        draw.ellipse((left + 2, y + 2, left + high - 2, y + high - 2), fill=(255, 255, 255))
    elif kind == 3:
        draw.line((x, y + size, x + 280, y + size), fill=shade, width=4)
        stop = x + int(rng.integers(280))
        draw.line((x, y + size, stop, y + size), fill=accent, width=4)
        draw.ellipse((stop - 8, y + size - 8, stop + 8, y + size + 8), fill=accent)
    else:
        for row in range(int(rng.integers(1, 4))):
            writer.put(draw, (x, y + row * size * 1.5), writer.line(6), size, ink)


def sheet(rng: Generator) -> Image.Image:
    """A table of words and numbers with thin rules."""
    paper, ink = contrast(rng)
    image = Image.new("RGB", (SIDE, SIDE), paper)
    draw, writer = ImageDraw.Draw(image), Writer(rng)
    size = int(rng.integers(10, 24))
    high, wide = round(size * rng.uniform(1.5, 2.2)), int(rng.integers(70, 170))
    rule, stripe = colour(rng, 90, 220), colour(rng, 225) if sum(paper) > 380 else colour(rng, 0, 60)
    for row, y in enumerate(range(0, SIDE, high)):
        if row % 2 and rng.random() < 0.9:
            draw.rectangle((0, y, SIDE, y + high), fill=stripe)
        for x in range(0, SIDE, wide):
            text = writer.word()[: wide // size] if rng.random() < 0.3 else f"{rng.normal() * 1000:,.{row % 3}f}"
            writer.put(draw, (x + 5, y + size * 0.3), text, size, ink if rng.random() < 0.85 else (190, 30, 40))
        draw.line((0, y, SIDE, y), fill=rule)
    for x in range(0, SIDE, wide):
        draw.line((x, 0, x, SIDE), fill=rule)
    return image
