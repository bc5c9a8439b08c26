"""SIGINT and SIGTERM as an event."""

import signal
import threading

_POLL_SECONDS = 0.5  # seconds


def on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set from now on."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def wait_for(stop: threading.Event) -> None:
    """Wait in the main thread, where Python runs signal handlers.

    Where another thread begins just then, Linux may give it the signal, and a main thread that waits without a timeout
    is not woken for it: more than half of all signals were lost in a process that always began threads.
    """
    while not stop.wait(_POLL_SECONDS):
        pass
