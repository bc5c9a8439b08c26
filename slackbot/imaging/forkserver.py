"""The fork server of the sandbox, apart from it: it can start before its starter has loaded anything large."""

from multiprocessing import forkserver

LOADED = ["slackbot.cli", "slackbot.imaging.sandbox", "pillow_heif"]
"""`slackbot.cli` because multiprocessing gives each child the starter's main module, which imports it."""


def begin() -> None:
    """Start it, so that it loads its codecs while this process loads what else it needs."""
    forkserver.set_forkserver_preload(LOADED)
    forkserver.ensure_running()
