"""Made-up words of ten scripts, written with the fonts that are installed."""

from functools import cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

from training.drawings.canvas import Colour, Generator

FONT_FOLDER = Path("/usr/share/fonts")
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


class Writer:
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
