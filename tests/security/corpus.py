"""Files that broke other programs, thrown at the opener: each gives a picture or one clear sentence, in time.

    tests/security/corpora.sh FOLDER && python -m tests.security.corpus FOLDER

The first fetches test and crash files of image libraries, the second opens every file of a folder in a cell, as the bot
does. `CORPUS=FOLDER` makes `test_corpus.py` do the same.
"""

import json
import resource
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slackbot.cell import open_in_cell
from slackbot.errors import NotAPhoto, PhotoError
from slackbot.limits import Limits
from slackbot.photo import Photo, open_photo
from tests.security.fuzz_opener import LIMITS, SECONDS

PICTURE = "a picture"


@dataclass(frozen=True)
class Opened:
    """What one file came to: what was said, and what the cell spent on it beside its own start."""

    path: Path
    said: str
    seconds: float  # of processor time
    bytes: int  # of memory, at the peak

    @property
    def finding(self) -> str:
        """What is wrong with it, or nothing."""
        if self.seconds > SECONDS:
            return f"took {self.seconds:.2f} s"
        if self.bytes > LIMITS.cell_bytes:
            return f"took {self.bytes / 2**20:.0f} MB"
        if self.said != PICTURE and (not self.said.endswith(".") or "\n" in self.said):
            return f"said {self.said!r}"
        return ""


def replay(folder: Path) -> Iterator[Opened]:
    """Open every file under a folder in a cell. What is neither picture nor PhotoError is raised."""
    with tempfile.TemporaryDirectory() as place:
        photo = Path(place) / "0.photo"
        for path in sorted(file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()):
            shutil.copyfile(path, photo)
            _cost(photo).unlink(missing_ok=True)
            try:
                open_in_cell(photo, LIMITS, _weighed)
                said = PICTURE
            except PhotoError as error:
                said = str(error)
            # A cell that was killed or crashed leaves no cost; its limits are the kernel's then.
            cost = json.loads(_cost(photo).read_text()) if _cost(photo).exists() else {"seconds": 0.0, "bytes": 0}
            yield Opened(path, said, **cost)


def summary(opened: list[Opened]) -> str:
    """The figures, in words."""
    pictures = sum(one.said == PICTURE for one in opened)
    strangers = sum(one.said == NotAPhoto.sentence for one in opened)
    seconds, most = max(one.seconds for one in opened), max(one.bytes for one in opened)
    return (
        f"{len(opened)} files: {pictures} pictures, {len(opened) - pictures - strangers} that begin like one and get a "
        f"sentence, {strangers} of other kinds; at most {seconds:.2f} s of processor time and {most / 2**20:.0f} MB"
    )


def _weighed(path: Path, limits: Limits) -> Photo:
    """`open_photo`; runs in the cell, and writes down what it cost."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    try:
        return open_photo(path, limits)
    finally:
        after = resource.getrusage(resource.RUSAGE_SELF)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        grown = (after.ru_maxrss - before.ru_maxrss) * 1024
        _cost(path).write_text(json.dumps({"seconds": seconds, "bytes": grown}))


def _cost(photo: Path) -> Path:
    return photo.with_suffix(".cost")


def main() -> int:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print("corpus: needs a folder of files", file=sys.stderr)
        return 2
    opened = []
    for one in replay(Path(sys.argv[1])):
        opened.append(one)
        if one.finding:
            print(f"{one.path}: {one.finding}", flush=True)
    for said, count in Counter(one.said for one in opened).most_common():
        print(f"{count:6}  {said}")
    print(summary(opened))
    return any(one.finding for one in opened)


if __name__ == "__main__":
    sys.exit(main())
