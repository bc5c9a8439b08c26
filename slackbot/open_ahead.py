"""Files opened one after the other, each while the one before it is worked on, where there is memory for both."""

import contextlib
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from slackbot.errors import JobCancelled
from slackbot.imaging.admission import Admission, admit
from slackbot.imaging.first_look import first_look
from slackbot.imaging.formats import Format
from slackbot.imaging.photo import Photo
from slackbot.imaging.sandbox import open_sandboxed
from slackbot.limits import PhotoLimits
from slackbot.ops import memory
from slackbot.ops.budget import Budget

Opened = tuple[Photo, Admission]


@dataclass(frozen=True)
class Wanted:
    """What is to become of each file: how many times as large, in which format if not its own, and with what."""

    scale: float
    format: Format | None
    compare: bool


class Opening:
    """A file that is being opened. It has its memory to the end of a `with`."""

    def __init__(self, executor: Executor, opened: contextlib.AbstractContextManager[Opened]) -> None:
        self._context = opened
        self._future: Future[Opened] | None = executor.submit(opened.__enter__)

    @property
    def opened(self) -> Future[Opened]:
        """To wait for, before it is taken."""
        if not self._future:
            raise RuntimeError("a photo is taken once")
        return self._future

    def take(self) -> Opened:
        """The photo, which is not kept here, and what it gets; once. Raises a PhotoError or OSError."""
        taken = self.opened.result()
        self._future = None  # and the photo with it
        return taken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        failed = self._future and self._future.exception()
        self._future = None
        if not failed:
            self._context.__exit__(None, None, None)


def open_ahead(
    paths: Iterable[Path], wanted: Wanted, limits: PhotoLimits, budget: Budget
) -> Generator[Opening, None, None]:
    """Each file in its turn, to be used in a `with`. Close it at the end: then none waits for memory any longer."""
    closed = threading.Event()

    def go_on() -> None:
        if closed.is_set():
            raise JobCancelled

    pool = ThreadPoolExecutor(1, thread_name_prefix="open")
    files = (Opening(pool, _admitted(path, wanted, limits, budget, go_on)) for path in paths)
    try:
        ahead = next(files, None)
        while ahead:
            this, ahead = ahead, next(files, None)
            yield this
    finally:
        closed.set()
        pool.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def _admitted(
    path: Path, wanted: Wanted, limits: PhotoLimits, budget: Budget, go_on: Callable[[], None]
) -> Iterator[Opened]:
    seen, least = first_look(path, limits, budget.total, lambda size: budget.taken(size, go_on))
    facts = seen.header.facts.written_as(wanted.format) if wanted.format else seen.header.facts
    admission = admit(seen.header, facts, wanted.scale, limits, budget.total(), wanted.compare)
    with budget.taken(max(admission.size, least), go_on):
        memory.give_back()
        yield seen.take() or open_sandboxed(path, admission.limits), admission
