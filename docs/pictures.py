"""Make the README's pictures with the project itself: before and after, and the playground's page.

usage: make pictures
"""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from playground.browser import chromium  # noqa: E402
from playground.client import Workspace  # noqa: E402

IMAGES = ROOT / "docs" / "images"
CROPS = {"astronaut": (150, 30, 200, 150), "chelsea": (130, 60, 200, 150)}
"""Photo of scikit-image (public domain and CC0): left, top, width, height of what is shown of the original."""


def shared(photo: Image.Image) -> bytes:
    """The photo as someone might share it: a quarter of the size, as a JPEG of medium quality."""
    small = photo.resize((photo.width // 4, photo.height // 4), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=80)
    return file.getvalue()


def enhance(content: bytes, *options: str) -> dict[str, Image.Image]:
    """What the command line makes of the photo `in.jpg`, by file name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in.jpg").write_bytes(content)
        subprocess.run([sys.executable, "-m", "slackbot", "enhance", folder / "in.jpg", *options], cwd=ROOT, check=True)
        return {path.name: Image.open(path).convert("RGB") for path in folder.iterdir()}


def before_and_after() -> Image.Image:
    """A row for each photo: as shared (its pixels made large), bicubic, ours."""
    width, height, line = 400, 300, 26
    sheet = Image.new("RGB", (3 * width, len(CROPS) * height + line), "white")
    font = ImageFont.load_default(15)
    for column, title in enumerate(("as it was shared", "bicubic", "Resolution-Enhancer")):
        ImageDraw.Draw(sheet).text((column * width + 8, 4), title, "black", font)
    for row, (name, (left, top, w, h)) in enumerate(CROPS.items()):
        photo = Image.fromarray(np.ascontiguousarray(getattr(skimage.data, name)()))
        content = shared(photo)
        small = Image.open(io.BytesIO(content)).convert("RGB")
        size = (small.width * 4, small.height * 4)
        shown = (
            small.resize(size, Image.Resampling.NEAREST),
            small.resize(size, Image.Resampling.BICUBIC),
            enhance(content)["in_4x.jpg"],
        )
        for column, image in enumerate(shown):
            crop = image.crop((left, top, left + w, top + h)).resize((width, height), Image.Resampling.NEAREST)
            sheet.paste(crop, (column * width, row * height + line))
    return sheet


def comparison() -> Image.Image:
    """What the App Home shows: one photo, bicubic on the left and ours on the right."""
    photo = Image.fromarray(skimage.data.astronaut()).crop((0, 0, 512, 400))
    made = enhance(shared(photo), "--compare")
    return next(image for name, image in made.items() if "compare" in name)


def page() -> bytes:
    """The playground after a photo was shared and answered, as a screenshot."""
    with Workspace.start() as workspace, tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, **workspace.environment, "DATABASE_URL": f"sqlite:///{folder}/bot.sqlite"}
        bot = subprocess.Popen([sys.executable, "-m", "slackbot"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
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
    before_and_after().save(IMAGES / "before-after.png", optimize=True)
    comparison().save(ROOT / "slackbot" / "before_after.jpg", quality=90)
    (IMAGES / "playground.png").write_bytes(page())


if __name__ == "__main__":
    main()
