"""Clip art of Debian's `openclipart-svg`, drawn by `rsvg-convert`."""

import io
import shutil
import subprocess
from functools import cache
from pathlib import Path

from PIL import Image

from training.drawings.art import comic
from training.drawings.canvas import SIDE, Generator, colour

CLIP_ART_FOLDER = Path("/usr/share/openclipart/svg")


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
            ground = (255, 255, 255) if rng.random() < 0.5 else colour(rng, 60)
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
