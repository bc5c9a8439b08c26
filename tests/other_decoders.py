"""What other programs show of a picture, where they are at hand."""

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
# Debian's name comes first: `convert` may be anything.
IMAGEMAGICK = next((found for name in ("magick", "convert-im6.q16", "convert") if (found := shutil.which(name))), None)
needs_imagemagick = pytest.mark.skipif(IMAGEMAGICK is None, reason="ImageMagick is not installed")


def by_ffmpeg(path: Path, mode: str = "RGB") -> Image.Image:
    """The first picture of a file, in RGB or RGBA."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1"]
    command += ["-pix_fmt", {"RGB": "rgb24", "RGBA": "rgba"}[mode]]
    command += ["-sws_flags", "accurate_rnd+full_chroma_int+bilinear", "-c:v", "png", "-f", "image2pipe", "-"]
    out = subprocess.run(command, capture_output=True, check=True).stdout
    return Image.open(io.BytesIO(out)).convert(mode)


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean distance of two pictures of one size, each channel from 0 to 255."""
    assert one.size == other.size
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float)).mean())


def by_imagemagick(path: Path, mode: str = "RGB") -> Image.Image:
    """The first picture of a file, in RGB or RGBA."""
    command = [IMAGEMAGICK or "", f"{path}[0]", "-depth", "8", f"png{8 * len(mode)}:-"]
    return Image.open(io.BytesIO(subprocess.run(command, capture_output=True, check=True).stdout)).convert(mode)
