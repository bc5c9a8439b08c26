"""Make the README's and the model card's pictures with the project itself: before and after, and the playground's page.

usage: make pictures
       python -m serving.run_with_server python -m docs.pictures playground.png
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from PIL import Image, ImageDraw, ImageFont

from docs.screenshots import demo
from playground.testing.browser import chromium
from playground.testing.walk import walk

ROOT = Path(__file__).resolve().parents[1]

IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT, STEP = 640, 480, 16  # of the animation: pixels, and how many the line moves from frame to frame
MOST = 1_000_000  # bytes of the animation


@dataclass(frozen=True)
class Shown:
    """A photo of scikit-image (public domain and CC0), what of it is shown, and how hard it was compressed."""

    name: str
    left: int
    top: int
    width: int = 200
    height: int = 150
    quality: int = 80

    @property
    def photo(self) -> Image.Image:
        return Image.fromarray(np.ascontiguousarray(getattr(skimage.data, self.name)())).convert("RGB")


GOOD = (Shown("astronaut", 150, 30), Shown("chelsea", 130, 60))
WEAK = (
    Shown("page", 20, 30, quality=50),
    Shown("grass", 150, 150, quality=60),
    Shown("rocket", 250, 150, quality=40),
)


def shared(photo: Image.Image, quality: int = 80) -> bytes:
    """The photo as someone might share it: a quarter of the size, as a JPEG."""
    small = photo.resize((photo.width // 4, photo.height // 4), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=quality)
    return file.getvalue()


def enhance(content: bytes, *options: str) -> dict[str, Image.Image]:
    """What the command line makes of the photo `in.jpg`, by file name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in.jpg").write_bytes(content)
        subprocess.run([sys.executable, "-m", "slackbot", "enhance", folder / "in.jpg", *options], cwd=ROOT, check=True)
        return {path.name: Image.open(path).convert("RGB") for path in folder.iterdir()}


def sheet(rows: Sequence[Shown], truth: bool) -> Image.Image:
    """A row for each photo: as shared (its pixels made large), bicubic, ours, and perhaps the photo as it was."""
    width, height, line = 400, 300, 26
    titles = ("as it was shared", "bicubic", "Resolution-Enhancer", *(["the truth"] if truth else []))
    sheet = Image.new("RGB", (len(titles) * width, len(rows) * height + line), "white")
    font = ImageFont.load_default(15)
    for column, title in enumerate(titles):
        ImageDraw.Draw(sheet).text((column * width + 8, 4), title, "black", font)
    for row, it in enumerate(rows):
        content = shared(it.photo, it.quality)
        small = Image.open(io.BytesIO(content)).convert("RGB")
        size = (small.width * 4, small.height * 4)
        images = (
            small.resize(size, Image.Resampling.NEAREST),
            small.resize(size, Image.Resampling.BICUBIC),
            enhance(content)["in_4x.jpg"],
            it.photo,
        )
        box = (it.left, it.top, it.left + it.width, it.top + it.height)
        for column, image in enumerate(images[: len(titles)]):
            crop = image.crop(box).resize((width, height), Image.Resampling.NEAREST)
            sheet.paste(crop, (column * width, row * height + line))
    return sheet


def comparison() -> Image.Image:
    """What the App Home shows: one photo, bicubic on the left and ours on the right."""
    photo = Image.fromarray(skimage.data.astronaut()).crop((0, 0, 512, 400))
    made = enhance(shared(photo), "--compare")
    return next(image for name, image in made.items() if "compare" in name)


def sweep(rows: Sequence[Shown]) -> bytes:
    """An animated WebP: a line moves over each photo, bicubic on its left and ours on its right."""
    frames = []
    for it in rows:
        before, after = (_part(image, it) for image in _before_after(it))
        for left in [*range(0, WIDTH, STEP), *range(WIDTH, 0, -STEP)]:
            frame = after.copy()
            frame.paste(before.crop((0, 0, left, HEIGHT)))
            ImageDraw.Draw(frame).line((left, 0, left, HEIGHT), "white", 3)
            frames.append(frame)
    file = io.BytesIO()
    frames[0].save(
        file,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=50,
        loop=0,
        quality=70,
        method=6,
        minimize_size=True,
    )
    if len(file.getvalue()) >= MOST:
        raise SystemExit(f"the animation has {len(file.getvalue())} bytes")
    return file.getvalue()


def _before_after(it: Shown) -> tuple[Image.Image, Image.Image]:
    """What is shown of the photo, enlarged with bicubic interpolation, and enhanced."""
    content = shared(it.photo, it.quality)
    small = Image.open(io.BytesIO(content)).convert("RGB")
    bicubic = small.resize((small.width * 4, small.height * 4), Image.Resampling.BICUBIC)
    return bicubic, enhance(content)["in_4x.jpg"]


def _part(image: Image.Image, it: Shown) -> Image.Image:
    """The part that is shown, at two pixels for each."""
    box = (it.left, it.top, it.left + it.width, it.top + it.height)
    return image.crop(box).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def page(screen: str) -> bytes:
    """A screen of the walk through the playground, as a screenshot."""
    with demo() as workspace, chromium() as browser:
        view = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        screens = walk(view, workspace, server=True)
        while next(screens) != screen:
            pass
        view.wait_for_timeout(500)  # for what fades in
        return view.screenshot()


def pictures() -> dict[Path, Callable[[], bytes]]:
    """Each picture's place, and what makes its bytes."""
    return {
        IMAGES / "before-after.png": lambda: _bytes(sheet(GOOD, truth=False), "PNG", optimize=True),
        IMAGES / "before-after.webp": lambda: sweep(GOOD),
        IMAGES / "weak.png": lambda: _bytes(sheet(WEAK, truth=True), "PNG", optimize=True),
        ROOT / "slackbot" / "before_after.jpg": lambda: _bytes(comparison(), "JPEG", quality=90),
        IMAGES / "playground.png": lambda: page("thread"),
        IMAGES / "app-home.png": lambda: page("home"),
        IMAGES / "agent.png": lambda: page("direct"),
    }


def _bytes(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m docs.pictures", description=__doc__)
    parser.add_argument("name", nargs="*", help="only these files, such as playground.png (default: all)")
    names = parser.parse_args().name
    for path, make in pictures().items():
        if not names or path.name in names:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(make())
            print(path.relative_to(ROOT), path.stat().st_size)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
