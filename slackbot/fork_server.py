"""The fork server of the cells, apart from them: it can start before its starter has loaded anything large."""

from multiprocessing import forkserver

LOADED = ["slackbot.cli", "slackbot.cell", "pillow_heif"]
"""`slackbot.cli` because multiprocessing gives each cell the starter's main module, which imports it."""


def begin() -> None:
    """Start it, so that it loads its codecs while this process loads what else it needs."""
    forkserver.set_forkserver_preload(LOADED)
    forkserver.ensure_running()
