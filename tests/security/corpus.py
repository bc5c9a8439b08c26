"""Files that broke other programs, thrown at the opener: each gives a picture or one clear sentence, in time.

    tests/security/corpora.sh FOLDER && python -m tests.security.corpus FOLDER

The first fetches test and crash files of image libraries, the second opens every file of a folder in the sandbox, as
the bot does. `CORPUS=FOLDER` makes `test_corpus.py` do the same.
"""

import json
import math
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slackbot.imaging.admission import admit
from slackbot.imaging.decode import open_photo
from slackbot.imaging.errors import NotAPhoto, PhotoError
from slackbot.imaging.forkserver import LOADED
from slackbot.imaging.photo import Photo
from slackbot.imaging.sandbox import look_sandboxed, open_sandboxed
from slackbot.limits import MEGAPIXEL, PhotoLimits
from tests.security.fuzz_opener import LIMITS, SECONDS

PICTURE = "a picture"
MEMORY = 2**31  # bytes: a picture that is foreseen to take more than is usual gets it
SECONDS_A_MEGAPIXEL = 0.2  # on top of SECONDS, for a picture: one of 33 megapixels in HEIC of 10 bits takes four

# What every sandbox process would otherwise load anew.
multiprocessing.set_forkserver_preload([*LOADED, __name__])


@dataclass(frozen=True)
class Opened:
    """What one file came to: what was said, and what the sandbox process spent on it beside its own start."""

    path: Path
    said: str
    seconds: float  # of processor time; in all where the process crashed before it could say
    bytes: int  # of memory, at the peak; 0 where the process crashed before it could say
    crashed: bool
    megapixels: float  # of the picture, if it came to one
    most: int  # bytes that it might take

    @property
    def finding(self) -> str:
        """What is wrong with it, or nothing."""
        if self.seconds > SECONDS + SECONDS_A_MEGAPIXEL * self.megapixels:
            return f"took {self.seconds:.2f} s"
        if self.bytes > self.most:
            return f"took {self.bytes / 2**20:.0f} MB"
        if self.said != PICTURE and (not self.said.endswith(".") or "\n" in self.said):
            return f"said {self.said!r}"
        return ""


def replay(folder: Path) -> Iterator[Opened]:
    """Open every file under a folder in the sandbox. What is neither picture nor PhotoError is raised."""
    with tempfile.TemporaryDirectory() as place:
        photo = Path(place) / "0.photo"
        for path in sorted(file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()):
            shutil.copyfile(path, photo)
            _cost(photo).unlink(missing_ok=True)
            begin, limits = time.monotonic(), _admitted(photo)
            try:
                picture = open_sandboxed(photo, limits, _weighed)
                said, megapixels = PICTURE, math.prod(picture.size) * picture.frames / MEGAPIXEL
            except PhotoError as error:
                said, megapixels = str(error), 0.0
            crashed = not _cost(photo).exists()
            lost = {"seconds": time.monotonic() - begin, "bytes": 0}
            cost = lost if crashed else json.loads(_cost(photo).read_text())
            yield Opened(path, said, **cost, crashed=crashed, megapixels=megapixels, most=limits.decode_memory_bytes)


def summary(opened: list[Opened]) -> str:
    """The figures, in words."""
    pictures = [one for one in opened if one.said == PICTURE]
    refused = [one for one in opened if one.said != PICTURE]
    strangers = sum(one.said == NotAPhoto.sentence for one in refused)
    seconds = max((one.seconds for one in refused), default=0.0)
    longest = max(pictures or opened, key=lambda one: one.seconds)
    most = max(one.bytes for one in opened)
    return (
        f"{len(opened)} files: {len(pictures)} pictures, {len(refused) - strangers} that begin like one and get a "
        f"sentence, {strangers} of other kinds; {sum(one.crashed for one in opened)} crashed the process that "
        f"opened them; a sentence after {seconds:.2f} s of processor time at most, a picture after "
        f"{longest.seconds:.2f} s (of {longest.megapixels:.0f} megapixels); {most / 2**20:.0f} MB at most"
    )


def _admitted(path: Path) -> PhotoLimits:
    try:
        header = look_sandboxed(path, LIMITS).header
        return admit(header, header.facts, 1, LIMITS, MEMORY).limits
    except PhotoError:
        return LIMITS


def _weighed(path: Path, limits: PhotoLimits) -> Photo:
    """`open_photo`; runs in the sandbox process, and writes down what it cost."""
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
        if one.finding or one.crashed:
            print(f"{one.path}: {one.finding or 'crashed its process'}", flush=True)
    for said, count in Counter(one.said for one in opened).most_common():
        print(f"{count:6}  {said}")
    print(summary(opened))
    return any(one.finding for one in opened)


if __name__ == "__main__":
    sys.exit(main())
