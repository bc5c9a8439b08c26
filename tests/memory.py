"""How much memory processes hold, as their kernel counts it."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil


def held(pid: int) -> int:
    """Bytes that a process and all that it started hold: what they share counts once (PSS)."""
    process = psutil.Process(pid)
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(OSError):  # it ended meanwhile
                lines = Path(f"/proc/{one.pid}/smaps_rollup").read_text().splitlines()
                total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


class Watcher:
    """The most that a process held. `on_look` is given each figure as it comes."""

    def __init__(self, pid: int, on_look: Callable[[int], None] = lambda _: None) -> None:
        self.at_rest = self.most = held(pid)
        self._pid, self._on_look = pid, on_look

    @contextlib.contextmanager
    def watching(self, seconds: float = 0.005) -> Iterator["Watcher"]:
        """Look again and again, to the end of a `with`."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(seconds):
                now = held(self._pid)
                self.most = max(self.most, now)
                self._on_look(now)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield self
        finally:
            done.set()
            thread.join()
