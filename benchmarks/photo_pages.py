"""What the pages of one photo say, one page for each kind of processor: docs/sizing.md and capacity.md build on it."""

import csv
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine

WHOLE = "`python -m slackbot enhance`, the whole process"
"""The row of `benchmarks.photo` for one photo with everything that belongs to it."""


@dataclass(frozen=True)
class PhotoPage:
    """One machine's figures, as medians."""

    kind: str
    """of processor"""
    cores: int
    others: float
    """cores that other programs kept busy"""
    megapixels: float
    seconds: float
    """from the start of the process to its end"""
    cpu: float
    """seconds of command and server"""
    large_megapixels: float
    """of the photo for which memory was measured"""
    bot_mb: int
    server_mb: int


def photo_pages() -> Iterator[PhotoPage]:
    """All that there are."""
    for page in sorted((machine.ROOT / "benchmarks").glob("*/photo.md")):
        yield read(page)


def read(page: Path) -> PhotoPage:
    """One page, with the CSV beside it."""
    text = page.read_text()
    with page.with_suffix(".csv").open(newline="") as lines:
        runs = [run for run in csv.DictReader(lines) if run["what"] == WHOLE]
    cores, others = re.findall(r"Machine: (\d+) cores.*kept ([\d.]+) cores", text)[0]
    width, height = map(int, re.findall(r"A JPEG of (\d+)x(\d+), tiles", text)[0])
    large = re.findall(r"A JPEG of (\d+)x(\d+): .*bot held (\d+) MB.*server (\d+) MB", text)[0]
    seconds, cpu = (statistics.median(float(run[column]) for run in runs) for column in ("seconds", "cpu"))
    return PhotoPage(
        kind=machine.kind(text),
        cores=int(cores),
        others=float(others),
        megapixels=width * height / 1e6,
        seconds=seconds,
        cpu=cpu,
        large_megapixels=int(large[0]) * int(large[1]) / 1e6,
        bot_mb=int(large[2]),
        server_mb=int(large[3]),
    )
