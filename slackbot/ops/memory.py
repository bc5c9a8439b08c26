"""How much memory there is for photos: the limit that the process runs under, less what it holds already.

The kernel ends a process that passes the limit of its control group (cgroup), as a container has one, and the jobs that
it was at begin anew. So the bot must know that limit, and stay below it.
"""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

_LIBC = ctypes.CDLL(None)
_GROUPS, _MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
_SPARE = 0.1  # of the limit: for what is not foreseen, and for what the kernel itself holds for the process
# Bytes: a process that looks at the next file, what malloc keeps, what is loaded at work. 66 MB were seen.
_LEAST_SPARE = 128 * 2**20
_SHARE = 0.5  # of a machine's memory, where nobody says how much


def limit(megabytes: int | None, groups: Path = _GROUPS, mount: Path = _MOUNT) -> tuple[int, str]:
    """Bytes that this process and its children may hold, and who says so: MEMORY_LIMIT_MB or the cgroup, if lower.

    `groups` lists the control groups of the process, and `mount` is where the kernel shows them.
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = [(one, "the limit of its control group") for one in _of_groups(groups, mount) if one < machine]
    found += [(megabytes * 2**20, "MEMORY_LIMIT_MB")] if megabytes else []
    return min(found, default=(round(_SHARE * machine), "half of the machine's memory"))


def for_photos(most: int) -> int:
    """Bytes that are left for photos at this moment, of `most` bytes in all."""
    return max(0, most - max(round(_SPARE * most), _LEAST_SPARE) - held())


def give_back() -> None:
    """Give the system what was freed and is kept for later by malloc: 50 MB after a large photo."""
    trim = getattr(_LIBC, "malloc_trim", None)  # of glibc
    if trim:
        trim(0)


def held() -> int:
    """Bytes that this process and its children hold; what they share counts once."""
    return sum(_held_by(pid) for pid in ("self", *_children()))


def _of_groups(groups: Path, mount: Path) -> Iterator[int]:
    """Every limit that the process is under: its group's, and those of the groups around that one."""
    lines = groups.read_text().splitlines() if groups.exists() else []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2; beside version 1 it is at a place of its own, without memory
            base, name = mount, "memory.max"
        elif "memory" in controllers.split(","):
            base, name = mount / "memory", "memory.limit_in_bytes"
        else:
            continue
        parts = [part for part in path.split("/") if part not in ("", "..")]
        # In a container the path may be the host's, and what is mounted the container's own group alone.
        for depth in range(len(parts), -1, -1):
            yield from _number(base.joinpath(*parts[:depth], name))


def _number(file: Path) -> Iterator[int]:
    try:
        yield int(file.read_text())
    except (OSError, ValueError):  # it is not there, or "max"
        return


def _children() -> Iterator[str]:
    for file in Path("/proc/self/task").glob("*/children"):
        try:
            yield from file.read_text().split()
        except OSError:  # the thread ended meanwhile
            continue


def _held_by(pid: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
