"""Drawn training pictures: text, user interfaces, tables, charts, line art, comics, patterns and clip art.

Photographs hold few sharp letters and no flat colours, so a generator that learned from photographs alone frays both.
These pictures are drawn exactly, at their final size, with the fonts that are installed; clip art comes from Debian's
`openclipart-svg` (public domain) where it and `rsvg-convert` are installed.

usage: python -m training.drawings OUT_FOLDER [--count 300] [--seed 0]
"""

import argparse
import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 768
"""Width and height of a drawing, px."""
FONT_FOLDER = Path("/usr/share/fonts")
CLIP_ART_FOLDER = Path("/usr/share/openclipart/svg")
EUROPEAN = ("DejaVu", "Liberation", "NotoSans-", "NotoSerif-")
HAN = ("NotoSansCJK", "NotoSerifCJK")


def _letters(*ranges: tuple[int, int, int]) -> str:
    """The characters from the first to before the second code point, so many times, of each range."""
    return "".join("".join(map(chr, range(first, end))) * times for first, end, times in ranges)


SCRIPTS = {  # name: (letters, words in the names of fonts that have them)
    "latin": (_letters((97, 123, 3)) + "äöüßéèñçåø", EUROPEAN),
    "cyrillic": (_letters((0x430, 0x450, 1)), EUROPEAN),
    "greek": (_letters((0x3B1, 0x3CA, 1)), EUROPEAN),
    "arabic": (_letters((0x627, 0x63B, 1), (0x641, 0x64B, 1)), ("NotoNaskhArabic", "NotoKufiArabic", "NotoSansArabic")),
    "hebrew": (_letters((0x5D0, 0x5EB, 1)), ("NotoSansHebrew", "NotoSerifHebrew")),
    "devanagari": (_letters((0x915, 0x93A, 2), (0x93E, 0x94D, 1)), ("NotoSansDevanagari", "NotoSerifDevanagari")),
    "thai": (_letters((0xE01, 0xE2F, 1)), ("NotoSansThai", "NotoSerifThai")),
    "chinese": (_letters((0x4E00, 0x6600, 1)), HAN),
    "japanese": (_letters((0x3042, 0x3094, 20), (0x30A2, 0x30F4, 10), (0x4E00, 0x5200, 1)), HAN),
    "korean": (_letters((0xAC00, 0xBC00, 1)), ("NotoSansCJK",)),
}
LATIN_SHARE = 0.45
Generator = np.random.Generator
Colour = tuple[int, int, int]


class DrawingsError(ValueError):
    """Drawings cannot be made on this machine; the message says why."""


@cache
def _fonts(script: str) -> list[Path]:
    words = SCRIPTS[script][1]
    files = sorted(path for path in FONT_FOLDER.rglob("*") if path.suffix in (".ttf", ".ttc", ".otf"))
    return [path for path in files if any(word in path.name for word in words)]


@cache
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


def _colour(rng: Generator, low: int = 0, high: int = 256) -> Colour:
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


def _contrast(rng: Generator) -> tuple[Colour, Colour]:
    """A background and an ink that can be told apart; most often dark on light."""
    light, dark = _colour(rng, 200), _colour(rng, 0, 90)
    if rng.random() < 0.5:
        light = (255, 255, 255)
    if rng.random() < 0.4:
        grey = int(rng.integers(0, 50))
        dark = (grey, grey, grey)
    return (light, dark) if rng.random() < 0.7 else (dark, light)


class _Writer:
    """Writes made-up words of one script, in one family of sizes."""

    def __init__(self, rng: Generator, script: str | None = None) -> None:
        self.rng = rng
        available = [name for name in SCRIPTS if _fonts(name)]
        if not available:
            raise DrawingsError(f"no fonts in {FONT_FOLDER} (Debian: apt install fonts-dejavu fonts-noto-core)")
        if script not in available:
            script = "latin" if "latin" in available and rng.random() < LATIN_SHARE else str(rng.choice(available))
        self.letters = SCRIPTS[script][0]
        self.latin = script in ("latin", "cyrillic", "greek")
        self.compact = script in ("chinese", "japanese", "korean")
        self.path = self.another_font(script)
        self.script = script

    def another_font(self, script: str) -> Path:
        fonts = _fonts(script)
        return fonts[int(self.rng.integers(len(fonts)))]

    def word(self) -> str:
        rng = self.rng
        if rng.random() < 0.12:
            return f"{rng.integers(0, 100000):,}" if rng.random() < 0.5 else f"{rng.random() * 1000:.2f}"
        length = int(rng.integers(1, 5 if self.compact else 10))
        word = "".join(self.letters[int(i)] for i in rng.integers(len(self.letters), size=length))
        if self.latin and rng.random() < 0.25:
            word = word.upper() if rng.random() < 0.3 else word.capitalize()
        return word + str(rng.choice(["", "", "", "", ",", ".", "!", "?", ":", "-"]))

    def line(self, words: int) -> str:
        return ("" if self.compact else " ").join(self.word() for _ in range(words))

    def put(self, draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, ink: Colour) -> int:
        """Write `text` with its top left at `at`; returns how wide it is, px."""
        font = _font(self.path, size)
        draw.text(at, text, fill=ink, font=font)
        return int(draw.textlength(text, font=font))


def text_page(rng: Generator) -> Image.Image:
    """Lines of sizes from small print to headings."""
    paper, ink = _contrast(rng)
    image = Image.new("RGB", (SIDE, SIDE), paper)
    draw, y = ImageDraw.Draw(image), int(rng.integers(0, 20))
    writer = _Writer(rng)
    while y < SIDE:
        size = int(np.exp(rng.uniform(np.log(9), np.log(64))))
        if rng.random() < 0.3:
            writer.path = writer.another_font(writer.script)
        if rng.random() < 0.15:
            ink = _contrast(rng)[1] if sum(paper) > 380 else _colour(rng, 170)
        for _ in range(int(rng.integers(1, 4)) if size < 30 else 1):
            writer.put(draw, (int(rng.integers(0, 40)), y), writer.line(2 + 700 // size // 4), size, ink)
            y += round(size * rng.uniform(1.15, 1.6))
    return image


def interface(rng: Generator) -> Image.Image:
    """Windows, lists, buttons, switches and fields, as screenshots show them."""
    paper, ink = _contrast(rng)
    image = Image.new("RGB", (SIDE, SIDE), paper)
    draw, writer = ImageDraw.Draw(image), _Writer(rng)
    accent, size = _colour(rng, 40, 220), int(rng.integers(11, 22))
    draw.rectangle((0, 0, SIDE, size * 3), fill=accent)
    writer.put(draw, (size, size * 0.8), writer.line(3), size, (255, 255, 255))
    side = int(rng.integers(120, 260))
    shade = tuple(max(0, min(255, value + (-14 if sum(paper) > 380 else 16))) for value in paper)
    draw.rectangle((0, size * 3, side, SIDE), fill=shade)
    y = size * 4
    while y < SIDE:
        writer.put(draw, (size, y), writer.word()[:14], size, ink)
        kind, x, high = rng.integers(6), side + size, size * 2
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
        draw.line((side, y + size * 3.4, SIDE, y + size * 3.4), fill=shade)
        y += round(size * rng.uniform(3, 5))
    return image


def sheet(rng: Generator) -> Image.Image:
    """A table of words and numbers with thin rules."""
    paper, ink = _contrast(rng)
    image = Image.new("RGB", (SIDE, SIDE), paper)
    draw, writer = ImageDraw.Draw(image), _Writer(rng)
    size = int(rng.integers(10, 24))
    high, wide = round(size * rng.uniform(1.5, 2.2)), int(rng.integers(70, 170))
    rule, stripe = _colour(rng, 90, 220), _colour(rng, 225) if sum(paper) > 380 else _colour(rng, 0, 60)
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


def _finer(rng: Generator, paint: Callable[[ImageDraw.ImageDraw, int, Generator], None], paper: Colour) -> Image.Image:
    """What `paint` draws at three times the size, reduced: smooth edges."""
    by = 3
    image = Image.new("RGB", (SIDE * by, SIDE * by), paper)
    paint(ImageDraw.Draw(image), by, rng)
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)


def chart(rng: Generator) -> Image.Image:
    """Curves, bars, points, sectors and coloured cells with axes and labels."""
    paper, ink = _contrast(rng)

    def paint(draw: ImageDraw.ImageDraw, by: int, rng: Generator) -> None:
        half = SIDE * by // 2
        for left, top in ((0, 0), (half, 0), (0, half), (half, half)):
            box = (left + 50 * by, top + 20 * by, left + half - 20 * by, top + half - 40 * by)
            plots[int(rng.integers(len(plots)))](draw, box, by, rng, ink)
            draw.line((box[0], box[1], box[0], box[3], box[2], box[3]), fill=ink, width=by)

    image = _finer(rng, paint, paper)
    draw, writer = ImageDraw.Draw(image), _Writer(rng, "latin")
    for _ in range(40):
        x, y = rng.integers(0, SIDE, 2)
        writer.put(draw, (int(x) // 30 * 30, int(y) // 60 * 60), writer.word()[:7], int(rng.integers(9, 18)), ink)
    return image


def _curves(draw: ImageDraw.ImageDraw, box: tuple[int, ...], by: int, rng: Generator, _ink: Colour) -> None:
    x = np.linspace(box[0], box[2], 60)
    for _ in range(int(rng.integers(1, 6))):
        walk = np.cumsum(rng.normal(size=60))
        y = box[3] - (walk - walk.min()) / (np.ptp(walk) + 1e-6) * (box[3] - box[1])
        draw.line([*zip(x, y, strict=True)], fill=_colour(rng), width=int(rng.integers(1, 4)) * by, joint="curve")
    for y in np.linspace(box[1], box[3], 6):
        draw.line((box[0], y, box[2], y), fill=_colour(rng, 150, 230), width=max(1, by // 2))


def _bars(draw: ImageDraw.ImageDraw, box: tuple[int, ...], by: int, rng: Generator, ink: Colour) -> None:
    count = int(rng.integers(3, 12))
    step, fill = (box[2] - box[0]) / count, _colour(rng, 30, 230)
    for i in range(count):
        top = box[3] - rng.random() * (box[3] - box[1])
        draw.rectangle((box[0] + i * step, top, box[0] + (i + 0.8) * step, box[3]), fill=fill, outline=ink, width=by)


def _points(draw: ImageDraw.ImageDraw, box: tuple[int, ...], by: int, rng: Generator, ink: Colour) -> None:
    for _ in range(120):
        x, y, r = rng.uniform(box[0], box[2]), rng.uniform(box[1], box[3]), rng.uniform(2, 6) * by
        draw.ellipse((x - r, y - r, x + r, y + r), fill=_colour(rng), outline=ink if rng.random() < 0.5 else None)


def _sectors(draw: ImageDraw.ImageDraw, box: tuple[int, ...], by: int, rng: Generator, ink: Colour) -> None:
    ends = [0, *np.sort(rng.uniform(0, 360, int(rng.integers(2, 8)))), 360]
    for begin, end in pairwise(ends):
        draw.pieslice((box[0], box[1], box[2], box[3]), begin, end, fill=_colour(rng, 40), outline=ink, width=by)


def _cells(draw: ImageDraw.ImageDraw, box: tuple[int, ...], _by: int, rng: Generator, _ink: Colour) -> None:
    count = int(rng.integers(4, 16))
    wide, high = (box[2] - box[0]) / count, (box[3] - box[1]) / count
    for i in range(count):
        for j in range(count):
            x, y = box[0] + i * wide, box[1] + j * high
            draw.rectangle((x, y, x + wide, y + high), fill=_colour(rng))


plots = (_curves, _bars, _points, _sectors, _cells)


def line_art(rng: Generator) -> Image.Image:
    """Thin strokes: rosettes, hatching, parallel curves and scribbles, black on white or coloured."""
    paper, ink = _contrast(rng)

    def paint(draw: ImageDraw.ImageDraw, by: int, rng: Generator) -> None:
        angle = np.linspace(0, 2 * np.pi, 400)
        for _ in range(int(rng.integers(4, 10))):
            x, y = rng.uniform(0, SIDE * by, 2)
            width, colour = max(1, round(by * rng.uniform(0.6, 3))), ink if rng.random() < 0.8 else _colour(rng)
            kind, reach = rng.integers(4), rng.uniform(60, 220) * by
            if kind == 0:
                petals, copies = int(rng.integers(3, 9)), int(rng.integers(3, 14))
                for radius in np.linspace(0.2, 1, copies) * reach:
                    r = radius * (1 + 0.3 * np.sin(petals * angle))
                    points = zip(x + r * np.cos(angle), y + r * np.sin(angle), strict=True)
                    draw.line([*points], fill=colour, width=width, joint="curve")
            elif kind == 1:
                for turn in np.linspace(0, np.pi * 2, int(rng.integers(16, 90)), endpoint=False):
                    draw.line((x, y, x + reach * np.cos(turn), y + reach * np.sin(turn)), fill=colour, width=width)
            elif kind == 2:
                turn, gap = rng.uniform(0, np.pi), rng.uniform(3, 14) * by
                for shift in np.arange(-reach, reach, gap):
                    a, b = np.array((np.cos(turn), np.sin(turn))), np.array((-np.sin(turn), np.cos(turn)))
                    start, stop = (x, y) + a * shift - b * reach, (x, y) + a * shift + b * reach
                    draw.line((*start, *stop), fill=colour, width=width)
            else:
                points = np.cumsum(rng.normal(scale=reach / 8, size=(30, 2)), 0) + np.array((x, y))
                draw.line([tuple(point) for point in points], fill=colour, width=width, joint="curve")

    return _finer(rng, paint, paper)


def comic(rng: Generator) -> Image.Image:
    """Flat shapes with bold outlines, dots of a printing screen, balloons with words."""
    paper, ink = _colour(rng, 140), (0, 0, 0)

    def paint(draw: ImageDraw.ImageDraw, by: int, rng: Generator) -> None:
        pitch = int(rng.integers(5, 14)) * by
        dots, radius = _colour(rng), pitch * rng.uniform(0.15, 0.4)
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
                draw.polygon(points, fill=_colour(rng), outline=ink, width=width)
            else:
                draw.ellipse((x - r[0], y - r[1], x + r[0], y + r[1]), fill=_colour(rng), outline=ink, width=width)

    image = _finer(rng, paint, paper)
    draw, writer = ImageDraw.Draw(image), _Writer(rng)
    for _ in range(4):
        x, y = (int(value) for value in rng.integers(0, SIDE - 200, 2))
        size = int(rng.integers(12, 30))
        draw.rounded_rectangle((x, y, x + 200, y + size * 3), radius=size, fill=(255, 255, 255), outline=ink, width=2)
        writer.put(draw, (x + size, y + size * 0.8), writer.line(2)[:16], size, ink)
    return image


def patterns(rng: Generator) -> Image.Image:
    """Stripes, boards, rings and dithers down to single pixels, and blocks like those of a QR code."""
    y, x = np.mgrid[:SIDE, :SIDE]
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    cell = SIDE // 4
    for top in range(0, SIDE, cell):
        for left in range(0, SIDE, cell):
            a, b = x[:cell, :cell], y[:cell, :cell]
            pitch, kind = int(np.exp(rng.uniform(0, np.log(16)))), rng.integers(7)
            if kind == 0:
                on = (a // pitch) % 2 == 0
            elif kind == 1:
                on = (b // pitch) % 2 == 0
            elif kind == 2:
                on = (a // pitch + b // pitch) % 2 == 0
            elif kind == 3:
                on = np.sin(np.hypot(a - cell / 2, b - cell / 2) ** 2 / cell / (1 + pitch)) > 0
            elif kind == 4:
                on = (a * rng.integers(1, 4) + b * rng.integers(1, 4)) // (1 + pitch) % 2 == 0
            elif kind == 5:
                on = (
                    np.kron(rng.random((cell // (2 + pitch) + 1,) * 2) < 0.5, np.ones((2 + pitch,) * 2))[:cell, :cell]
                    > 0
                )
            else:
                bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
                on = np.tile(bayer, (cell // 4 + 1,) * 2)[:cell, :cell] < 16 * a / cell
            paper, ink = _contrast(rng)
            picture[top : top + cell, left : left + cell] = np.where(on[..., None], ink, paper)
    return Image.fromarray(picture)


@cache
def _clip_art_files() -> list[Path]:
    return sorted(CLIP_ART_FOLDER.rglob("*.svg")) if shutil.which("rsvg-convert") else []


def clip_art(rng: Generator) -> Image.Image:
    """Three by three pieces of clip art on flat grounds; where there are none, a comic."""
    files = _clip_art_files()
    if not files:
        return comic(rng)
    image, cell = Image.new("RGB", (SIDE, SIDE)), SIDE // 3
    for top in range(0, SIDE, cell):
        for left in range(0, SIDE, cell):
            ground = (255, 255, 255) if rng.random() < 0.5 else _colour(rng, 60)
            image.paste(ground, (left, top, left + cell, top + cell))
            command = [
                "rsvg-convert",
                "-w",
                str(cell),
                "-h",
                str(cell),
                "-a",
                str(files[int(rng.integers(len(files)))]),
            ]
            try:
                done = subprocess.run(command, capture_output=True, timeout=20, check=True)
                piece = Image.open(io.BytesIO(done.stdout)).convert("RGBA")
                image.paste(piece, (left + (cell - piece.width) // 2, top + (cell - piece.height) // 2), piece)
            except (subprocess.SubprocessError, OSError):
                continue  # some of the files are broken
    return image


KINDS: tuple[Callable[[Generator], Image.Image], ...] = (
    text_page, text_page, text_page, interface, interface, sheet, chart,
    line_art, comic, patterns, clip_art, clip_art, clip_art,
)  # fmt: skip
"""Drawn in turn; what is shared most often stands in it more than once."""


def draw(seed: int, number: int) -> Image.Image:
    """Drawing `number` of `seed`: always the same with the same fonts and clip art."""
    return KINDS[number % len(KINDS)](np.random.default_rng((seed, number)))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="drawings.py", description="Draw training pictures: text, interfaces, charts, art."
    )
    parser.add_argument("out", type=Path, help="folder for the PNG files")
    parser.add_argument("--count", type=int, default=300, help="how many drawings (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="other seeds give other drawings (default: %(default)s)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        for number in range(options.count):
            draw(options.seed, number).save(options.out / f"drawing-{options.seed}-{number:04}.png")
    except DrawingsError as error:
        sys.exit(f"drawings.py: {error}")


if __name__ == "__main__":
    main()
