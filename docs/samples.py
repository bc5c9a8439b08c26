"""Make the four photos that the playground's page offers to try, each as somebody might share it and under 40 KB.

usage: python -m docs.samples
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import io
import sys
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from playground.testing.browser import chromium
from playground.testing.client import PlaygroundClient

SAMPLES = Path(__file__).resolve().parents[1] / "playground" / "static" / "samples"
MOST = 40_000  # bytes


def _photo(name: str) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(getattr(skimage.data, name)())).convert("RGB")


def _small(photo: Image.Image, width: int) -> Image.Image:
    return photo.resize((width, round(photo.height * width / photo.width)), Image.Resampling.LANCZOS)


def _jpeg(photo: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=quality)
    return file.getvalue()


def face() -> bytes:
    """Eileen Collins, cut to head and shoulders."""
    return _jpeg(_small(_photo("astronaut").crop((70, 0, 390, 320)), 192), 85)


def landscape() -> bytes:
    """A launch site at dusk."""
    return _jpeg(_small(_photo("rocket"), 288), 82)


def noisy() -> bytes:
    """A cat in a dark room, as a small sensor sees her: a twelfth of the light, few photons, and turned up again."""
    light = np.asarray(_small(_photo("chelsea"), 256), np.float64) / 255
    random = np.random.default_rng(7)
    photons = 160  # in a white pixel
    seen = random.poisson(light**2.2 * photons) + random.normal(0, 1.5, light.shape)
    return _jpeg(Image.fromarray((np.clip(seen / photons, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)), 88)


def screenshot() -> bytes:
    """This project's own page, with some words in it."""
    with PlaygroundClient.start() as workspace, chromium() as browser:
        page = browser.new_page(viewport={"width": 420, "height": 300}, color_scheme="light")
        page.goto(workspace.base_url)
        for user, text in (
            ("grace", "Does anybody have the *harbour photo* in large?"),
            ("ada", "Only the small one: 640 × 480. The printer asks for 300 dpi."),
            ("grace", "Then it has to be *four times* as large."),
        ):
            workspace.post("#photos", text, user=user)
        page.get_by_test_id("message").nth(2).wait_for()
        page.mouse.move(0, 0)
        shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    file = io.BytesIO()
    shown.quantize(128).save(file, "PNG", optimize=True)
    return file.getvalue()


def main() -> None:
    SAMPLES.mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("face.jpg", face()),
        ("landscape.jpg", landscape()),
        ("noisy.jpg", noisy()),
        ("screenshot.png", screenshot()),
    ):
        if len(content) >= MOST:
            raise SystemExit(f"{name} has {len(content)} bytes")
        (SAMPLES / name).write_bytes(content)
        print(name, len(content))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
