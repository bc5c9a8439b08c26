"""Make the README's and the model card's pictures with the project itself: before and after, and the playground's page.

usage: make pictures
"""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image, ImageDraw, ImageFont

from playground.testing.browser import chromium
from playground.testing.client import PlaygroundClient

ROOT = Path(__file__).resolve().parents[1]

IMAGES = ROOT / "docs" / "images"


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


def page() -> bytes:
    """The playground after a photo was shared and answered, as a screenshot."""
    with PlaygroundClient.start() as workspace, tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, **workspace.environment, "DATABASE_URL": f"sqlite:///{folder}/bot.sqlite"}
        bot = subprocess.Popen(
            [sys.executable, "-m", "slackbot", "--env-file", os.devnull],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            workspace.wait_for_connection()
            with chromium() as browser:
                view = browser.new_page(viewport={"width": 1280, "height": 800}, device_scale_factor=1)
                view.goto(workspace.base_url)
                content = shared(Image.fromarray(skimage.data.astronaut()))
                message = workspace.post("#photos", f"<@{workspace.bot_user}> please", files=[("eileen.jpg", content)])
                workspace.wait_for_replies(message, 1, 60)
                workspace.wait_for_reaction(message, "white_check_mark")
                view.get_by_test_id("reply-count").click()
                view.get_by_test_id("thread-pane").get_by_test_id("file-image").last.wait_for()
                view.wait_for_timeout(1000)
                return view.screenshot()
        finally:
            bot.terminate()
            bot.wait()


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    sheet(GOOD, truth=False).save(IMAGES / "before-after.png", optimize=True)
    sheet(WEAK, truth=True).save(IMAGES / "weak.png", optimize=True)
    comparison().save(ROOT / "slackbot" / "before_after.jpg", quality=90)
    (IMAGES / "playground.png").write_bytes(page())


if __name__ == "__main__":
    main()
