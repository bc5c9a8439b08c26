"""The fork server of the cells, apart from them: it can start before its starter has loaded anything large."""

from multiprocessing import forkserver

LOADED = ["slackbot.cell", "pillow_heif"]


def begin() -> None:
    """Start it, so that it loads its codecs while this process loads what else it needs."""
    forkserver.set_forkserver_preload(LOADED)
    forkserver.ensure_running()
