"""Any bytes at all into the opener: the target for a fuzzer, and for the suite's own mutations.

    pip install atheris && python -m tests.security.fuzz_opener [CORPUS_FOLDER] [libFuzzer options]

An empty corpus folder gets a small file of each kind to begin with. `tests/security/corpus.py` opens files that are
there.
"""

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from slackbot.imaging.decode import open_photo
from slackbot.imaging.errors import PhotoError
from slackbot.limits import PhotoLimits
from tests.security.seeds import seeds

LIMITS = PhotoLimits()
SECONDS = LIMITS.decode_cpu_seconds / 3
"""of processor time that one file may take: far from the limit even where the machine is slow and busy"""


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


def main() -> int:
    try:
        atheris: Any = importlib.import_module("atheris")
    except ImportError:
        print("fuzz_opener: needs atheris (pip install atheris)", file=sys.stderr)
        return 2
    for folder in map(Path, sys.argv[1:]):
        if folder.is_dir() and not any(folder.iterdir()):
            for name, content in seeds().items():
                (folder / name).write_bytes(content)
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
