"""A bar on the terminal: how many of the command line's files are done."""

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TextIO

from slackbot.inference.tiled_upscale import Progress

_LINE = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"


class FileBar:
    """Shown where somebody looks at standard error, to the end of a `with`. Safe to use from several threads."""

    def __init__(self, files: int) -> None:
        self._files, self._begun = files, 0
        self._done = 0.0  # files, with the part of each that is under way
        self._lock = threading.Lock()
        self._bar: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from tqdm import tqdm  # a tenth of a second that only who looks at the bar has to wait

            self._bar = tqdm(total=self._files, bar_format=_LINE, leave=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def begin(self, name: str) -> Progress:
        """One more file is begun: what is to be told of its tiles."""
        self._begun += 1
        title = name if self._files == 1 else f"[{self._begun}/{self._files}] {name}"
        if self._bar is not None:
            self._bar.set_description_str(title)
        told = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal told
            with self._lock:
                self._done += done / total - told
                told = done / total
                if self._bar is not None:
                    self._bar.update(self._done - self._bar.n)

        return progress

    def say(self, text: str, file: TextIO) -> None:
        """Print, above the bar where there is one."""
        write: Callable[..., None] = print if self._bar is None else self._bar.write
        with self._lock:
            write(text, file=file)
            file.flush()
