"""Any bytes at all into the opener: the target for a fuzzer, and for the suite's own mutations.

    pip install atheris && python -m tests.security.fuzz_opener [CORPUS_FOLDER] [libFuzzer options]

With a folder of files (crash files of image libraries) and no atheris: `python -m tests.security.fuzz_opener --replay
FOLDER` opens each in a cell, as the bot does, and says what is slow or wrong.
"""

import importlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from slackbot.cell import open_in_cell
from slackbot.errors import PhotoError
from slackbot.limits import Limits
from slackbot.photo import open_photo

LIMITS = Limits()
SECONDS = 1.0


def one_input(data: bytes) -> str:
    """Open `data` as the bot would. Returns the sentence, or "" for a picture; every other error is a finding."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0.photo"
        path.write_bytes(data)
        try:
            photo = open_photo(path, LIMITS)
        except PhotoError as error:
            sentence = str(error)
            assert sentence.endswith("."), sentence
            assert "\n" not in sentence
            return sentence
        assert photo.image.mode == "RGB"
        assert photo.alpha is None or photo.alpha.size == photo.size
        return ""


def replay(folder: Path) -> int:
    """Open every file of a folder in a cell; the number of those that took longer than a second."""
    slow = 0
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        begin = time.monotonic()
        try:
            open_in_cell(path, LIMITS)
            said = "a picture"
        except PhotoError as error:
            said = str(error)
        seconds = time.monotonic() - begin
        slow += seconds > SECONDS
        print(f"{seconds:6.2f} s  {path.relative_to(folder)}: {said}", flush=True)
    return slow


def main() -> int:
    if sys.argv[1:2] == ["--replay"]:
        return min(1, replay(Path(sys.argv[2])))
    try:
        atheris: Any = importlib.import_module("atheris")
    except ImportError:
        print("fuzz_opener: needs atheris (pip install atheris), or --replay FOLDER", file=sys.stderr)
        return 2
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
