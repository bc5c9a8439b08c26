"""What a person sees of a command."""

import contextlib
import os
import pty
import subprocess
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def on_terminal(command: Sequence[str | Path], columns: int = 120, **options: Any) -> tuple[int, str]:
    """Run a command to its end on a terminal of its own; its exit status, and all that it showed, with what moves."""
    shown = bytearray()
    ours, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, columns))
    with subprocess.Popen(command, stdout=terminal, stderr=terminal, **options) as process:
        os.close(terminal)
        with contextlib.suppress(OSError):  # how a terminal ends
            while some := os.read(ours, 4096):
                shown += some
    os.close(ours)
    return process.returncode, shown.decode()
