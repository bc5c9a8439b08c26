"""The machine that figures were measured on, described without its name, and what else kept it busy."""

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil

from serving.server import HUGE_PAGES

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("nvidia-pytriton", "openvino", "ncnn", "onnxruntime", "pillow")
UNITS = {"amx_bf16", "amx_int8", "avx512_bf16", "avx512_vnni", "avx_vnni"}
KINDS = {
    "amx_bf16": ("amx", "bfloat16 with AMX: Intel Xeon since 2023"),
    "avx512_bf16, avx512_vnni, avx_vnni": ("avx512-full-width", "bfloat16 with full-width AVX512: AMD EPYC since 2024"),
    "avx512_bf16": ("avx512", "bfloat16 with AVX512: AMD EPYC of 2022"),
    "": ("avx2", "no bfloat16: older and small machines"),
}
"""By the first of these that `units` says a processor has: the folder of its pages, and what it stands for."""


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def kind(description: str) -> str:
    """The kind of processor that a description tells of: figures of different kinds stand side by side."""
    return next(name for unit, (_, name) in KINDS.items() if unit in description)


def folder(description: str = "") -> Path:
    """Where pages of this kind of processor lie, or of the one described, so that those of other kinds stay."""
    described = description or units()
    return ROOT / "benchmarks" / next(folder for unit, (folder, _) in KINDS.items() if unit in described)


def has_bfloat16() -> bool:
    """Whether the processor multiplies numbers of 16 bits."""
    return "bf16" in units()


def multiplies_bytes() -> bool:
    """Whether the processor multiplies numbers of 8 bits faster than longer ones."""
    return "vnni" in units() or "amx_int8" in units()


def units() -> str:
    """What the processor has to multiply numbers of few bits."""
    flags = re.findall(r"^flags\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)[0].split()
    return ", ".join(sorted(UNITS & {*flags}))


def describe() -> str:
    """One line: processor, cores, matrix units, memory, versions of what is installed and of the model."""
    name = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB"
    processor = name[0].strip() if name else "an unnamed processor"
    return (
        f"{cores()} {'core' if cores() == 1 else 'cores'} of {processor} ({units() or 'no matrix units'}), {memory}; "
        f"{', '.join(_versions())}, model version {served_version().name}"
    )


def _versions() -> Iterator[str]:
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):  # an environment need not have all
            yield f"{package} {metadata.version(package)}"


def served_version() -> Path:
    """The folder of the version that is served."""
    versions = (ROOT / "model_repository" / "enhancer").glob("[1-9]*")
    return max(versions, key=lambda version: int(version.name))


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
