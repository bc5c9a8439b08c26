"""Write how much disk each step of the Makefile takes, into the Makefile and the documents that tell it.

Added up from the files of the packages in this environment, as `du` counts them: blocks of 4 KB, 1 MB = 2**20 bytes.

usage: python -m docs.install_sizes
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK, MB = 4096, 2**20
SERVED = ("build", "bot", "play", "serve", "triton")


@dataclass(frozen=True)
class Size:
    """What is told of the packages of some lock files, `{}` being the figure, by the files it stands in."""

    locks: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    present: tuple[str, ...] = ()  # lock files whose packages are there already
    venv: bool = False  # with pip, which comes with the environment


def step(lock: str, text: str, present: tuple[str, ...] = ("build",)) -> Size:
    return Size((lock,), (("Makefile", text),), present)


SIZES = {
    "demo": Size(
        SERVED,
        (
            ("Makefile", "this installs {} into $(VENV), in six steps"),
            ("README.md", "The first time 2 minutes and {}, then"),
            ("docs/start.md", "this installs about {} into the folder `.venv`"),
            ("docs/sizing.md", "| bot, page and model server, installed by `make demo` | {} |"),
        ),
        venv=True,
    ),
    "train": Size(
        ("build", "train", "torch-cpu", "judges"),
        (
            ("Makefile", "'{}, with PyTorch for CPUs.'"),
            ("Makefile", "what training needs is installed into $(VENV): {}, or several GB with CUDA."),
            ("docs/sizing.md", "| what training needs (`make train`) | {} with PyTorch for CPUs,"),
        ),
        venv=True,
    ),
    "evaluate": Size(
        ("build", "export", "torch-cpu", "judges"),
        (("Makefile", "it installs what it needs into $(VENV): {}, with PyTorch.'"),),
        venv=True,
    ),
    "build": step("build", "what packages the project ({})", ()),
    "bot": step("bot", "the bot ({}, a minute)"),
    "play": step("play", "the page ({}, some seconds)", SERVED[:2]),
    "serve": step("serve", "what runs the model ({})", SERVED[:3]),
    "triton": step("triton", "Triton ({})"),
    "docs": step("docs", "what builds the docs ({}, some seconds)"),
    "torch": step("torch-cpu", "PyTorch, the CPU build ({})"),
    "judges": step("judges", "the judges of evaluation ({})"),
    "dev": step("dev", "everything that the tests need ({})"),
}


def packages(locks: tuple[str, ...]) -> set[str]:
    """The names of what those lock files install."""
    text = "\n".join((ROOT / "requirements" / f"{lock}.txt").read_text() for lock in locks)
    return set(re.findall(r"^([^\s#=]+)==", text, re.MULTILINE))


def megabytes(name: str) -> float:
    """Disk that an installed package takes. Raises PackageNotFoundError where it is not installed."""
    found = distribution(name)
    paths = (Path(str(found.locate_file(file))) for file in found.files or ())
    return sum(-(-path.stat().st_size // BLOCK) * BLOCK for path in paths if path.exists()) / MB


def measured(size: Size) -> float:
    """Megabytes of what is installed for it."""
    names = packages(size.locks) - packages(size.present) | ({"pip"} if size.venv else set())
    return sum(map(megabytes, names))


def rounded(size: float) -> str:
    """Megabytes as people say them: by tens, or by ones where it is little."""
    if size >= 1000:
        return f"{size / 1024:.1f} GB"
    by = 10 if size >= 100 else 1
    return f"{round(size / by) * by} MB"


def read(figure: str) -> float:
    """Megabytes of a figure in a document."""
    number, unit = figure.split()
    return float(number) * (1024 if unit == "GB" else 1)


def pattern(place: str) -> re.Pattern[str]:
    before, after = map(re.escape, place.split("{}"))
    return re.compile(rf"(?<={before})\d[\d.]* [MG]B(?={after})")


def told(size: Size) -> Iterator[tuple[str, str, str]]:
    """(file, place, figure) wherever the size is told."""
    for file, place in size.places:
        for figure in pattern(place).findall((ROOT / file).read_text()):
            yield file, place, figure


if __name__ == "__main__":
    for size in SIZES.values():
        figure = rounded(measured(size))
        for file, place in size.places:
            path = ROOT / file
            path.write_text(pattern(place).sub(figure, path.read_text()))
