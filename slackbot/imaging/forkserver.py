"""The fork server of the sandbox, apart from it: it can start before its starter has loaded anything large."""

import signal
from multiprocessing import forkserver, resource_tracker

LOADED = [
    "slackbot.imaging.sandbox",
    "slackbot.imaging.codecs",
    "pillow_heif",
    # What multiprocessing loads in each new process before it begins.
    "runpy",
    "multiprocessing.popen_forkserver",
    "slackbot.__main__",
]


def begin() -> None:
    """Start it, so that it loads its codecs while this process loads what else it needs."""
    forkserver.set_forkserver_preload(LOADED)
    ensure()


def ensure() -> None:
    """Start it where it does not run."""
    resource_tracker.ensure_running()  # which would unblock Ctrl-C, did it begin below
    # Ctrl-C reaches all processes of a terminal, and would be a traceback of this one until it ignores it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
