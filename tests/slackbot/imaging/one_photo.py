"""`python -m tests.slackbot.imaging.one_photo FILE RESULT SCALE FORMAT WAY`: one photo, from file to file.

It says `ready` when it is warm, begins when it is told to, and then says what was predicted.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from slackbot.imaging import memory
from slackbot.imaging.comparison import comparison
from slackbot.imaging.encode import save_photo
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.sandbox import look_sandboxed, open_sandboxed
from slackbot.inference.enhancer import Enhancer
from slackbot.limits import PhotoLimits, ServerLimits

LIMITS = PhotoLimits()


class Nearest:
    """A model in this process that repeats each pixel 4 x 4."""

    def check(self) -> None: ...
    def find_model(self) -> None: ...

    def enlarge(self, tile: np.ndarray) -> tuple[np.ndarray, str]:
        return tile.repeat(4, axis=0).repeat(4, axis=1), "7"


def enlarge(file: Path, target: Path, scale: float, fmt: str, way: str) -> int:
    """What `slackbot.jobs.steps` does with a photo; the bytes that were predicted for it."""
    seen = look_sandboxed(file, LIMITS)
    facts = seen.header.facts.written_as(FORMATS[fmt]) if fmt else seen.header.facts
    predicted = memory.peak(seen.header, scale, LIMITS, facts, compare=way == "compare")
    photo = seen.take() or open_sandboxed(file, LIMITS)
    photo = photo.written_as(FORMATS[fmt]) if fmt else photo
    enhanced = Enhancer(Nearest(), ServerLimits(), LIMITS)(photo, scale, bicubic=way == "bicubic")
    if way == "compare":
        save_photo(comparison(photo, enhanced.photo, LIMITS), target.with_name("compared"))
    del photo
    save_photo(enhanced.photo, target)
    return predicted


def main() -> None:
    file, target, scale, fmt, way = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.png"
        Image.effect_noise((50, 40), 50).convert("RGB").save(small)
        enlarge(small, small.with_name("large.png"), 4, "", "model")
    print("ready", flush=True)
    sys.stdin.readline()
    predicted = enlarge(Path(file), Path(target), float(scale), fmt, way)
    print(predicted, flush=True)


if __name__ == "__main__":
    main()
