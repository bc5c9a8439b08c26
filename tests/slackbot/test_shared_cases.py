"""The files that people shared and that once failed, as a person enhances them: each has a test, here or elsewhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.other_decoders import by_ffmpeg, by_imagemagick, difference, needs_ffmpeg, needs_imagemagick
from tests.processes import ROOT

CASES = ROOT.parent / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the files that people shared lie beside the project")


def test_each_has_a_test():
    tests = "".join(file.read_text() for file in Path(__file__).parent.rglob("test_*.py"))
    named = [file.name for file in CASES.iterdir() if file.suffix != ".md" and "reference" not in file.name]

    assert named
    # The last is a pair with its reference, and found by its beginning.
    assert [name for name in named if name not in tests and not name.startswith("kodim03_grayscale_gamma1.6")] == []


@needs_ffmpeg
@needs_imagemagick
@pytest.mark.parametrize(
    ("name", "result", "size", "frames", "other"),
    [
        ("gif60_480x270.gif", "gif60_480x270_2x.gif", (960, 540), 60, by_ffmpeg),
        ("hopper_bigtiff.tif", "hopper_bigtiff_4x.tif", (512, 512), 1, by_imagemagick),
        ("size_100x9000.webp", "size_100x9000_4x.png", (400, 36_000), 1, by_ffmpeg),
    ],
)
def test_one_comes_back_larger(tmp_path, name, result, size, frames, other):
    shutil.copy(CASES / name, tmp_path)
    command = [sys.executable, "-m", "slackbot", "--env-file", os.devnull, "enhance", "--bicubic", tmp_path / name]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    with Image.open(tmp_path / result) as image:
        assert (image.size, getattr(image, "n_frames", 1)) == (size, frames)
        source = other(CASES / name)
        assert difference(image.convert("RGB").resize(source.size, Image.Resampling.BOX), source) < 3
