"""A module of the project as a process of its own, once it says that it is ready, and until the block ends."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 30.0  # seconds it has to end


class NotStartedError(Exception):
    """It ended, or said something else, or nothing in time; the text is what it said."""


@contextmanager
def child(
    module: str,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    stderr: IO[str] | int | None = None,
    seconds: float | None = None,
    own_session: bool = False,
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m MODULE ARGUMENTS` and its line that begins with `ready`. Raises NotStartedError.

    `seconds` bounds the wait for that line. In a session of its own, Ctrl-C in a terminal does not reach the process.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT, env={**os.environ, **(environment or {})}, text=True,
        stdout=subprocess.PIPE, stderr=stderr, start_new_session=own_session,
    )  # fmt: skip
    watchdog = threading.Timer(seconds or 0, process.kill)
    try:
        if seconds:
            watchdog.start()
        line = process.stdout.readline() if process.stdout else ""
        watchdog.cancel()
        if not line.startswith("ready"):
            process.terminate()
            raise NotStartedError(line + (process.communicate(timeout=_PATIENCE)[1] or ""))
        yield process, line.strip()
    finally:
        watchdog.cancel()
        process.terminate()
        try:
            process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
