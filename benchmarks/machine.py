"""The machine that figures were measured on, described without its name, and what else kept it busy."""

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil

from serving.server import HUGE_PAGES

PACKAGES = ("nvidia-pytriton", "openvino", "ncnn", "onnxruntime", "pillow")
KINDS = {
    "amx_bf16": "bfloat16 with AMX: Intel Xeon since 2023",
    "avx512_bf16": "bfloat16 with AVX512: AMD EPYC since 2022",
}
"""What a processor stands for, by the first of these units that it has."""


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def kind(description: str) -> str:
    """The kind of processor that a description tells of: figures of different kinds stand side by side."""
    return next((name for unit, name in KINDS.items() if unit in description), "no bfloat16: older and small machines")


def describe() -> str:
    """One line: processor, cores, matrix units, memory, versions."""
    information = Path("/proc/cpuinfo").read_text()
    name = re.findall(r"^model name\s*: (.*)$", information, re.MULTILINE)
    flags = set(re.findall(r"^flags\s*: (.*)$", information, re.MULTILINE)[0].split())
    units = ", ".join(sorted(flags & {"amx_bf16", "amx_int8", "avx512_bf16", "avx512_vnni"})) or "no matrix units"
    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB"
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in PACKAGES)
    return f"{cores()} cores of {name[0].strip() if name else 'an unnamed processor'} ({units}), {memory}; {versions}"


def as_served() -> None:
    """Start this program anew, once, with the server's allocator settings: bare loops are to differ in nothing else."""
    if os.environ.get("GLIBC_TUNABLES") != HUGE_PAGES:
        environment = {**os.environ, "GLIBC_TUNABLES": HUGE_PAGES}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 - this very program


@dataclass
class Spent:
    """CPU seconds between two moments."""

    seconds: float = 0
    cpu: float = 0
    """of the processes asked about"""
    others: float = 0
    """cores, on the average, that other programs kept busy"""


@contextmanager
def watch(processes: list[psutil.Process]) -> Iterator[Spent]:
    """Measure what `processes` spend inside the block, and all others but this process and its ended children."""
    spent = Spent()
    begin, mine, theirs, everyone = time.monotonic(), _mine(), cpu_seconds(processes), _busy()
    yield spent
    spent.seconds = time.monotonic() - begin
    spent.cpu = cpu_seconds(processes) - theirs
    spent.others = max(0.0, _busy() - everyone - spent.cpu - (_mine() - mine)) / spent.seconds


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """CPU seconds of these processes so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _mine() -> float:
    # With children that have ended: a load generator, the processes of a loop.
    return sum(os.times()[:4])


def _busy() -> float:
    times = psutil.cpu_times()
    return sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
