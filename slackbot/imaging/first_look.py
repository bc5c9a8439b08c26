"""The first look at a file, with little memory; a file that needs more for it has to wait until that is free."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from slackbot.imaging import memory
from slackbot.imaging.errors import TOO_MUCH_MEMORY, DamagedPhoto, PhotoTooLarge
from slackbot.imaging.header import Seen
from slackbot.imaging.sandbox import look_sandboxed
from slackbot.limits import PhotoLimits

Taken = Callable[[int], AbstractContextManager[None]]
"""Waits for so many bytes, and gives them to the end of a `with`."""

LITTLE = 64 * 2**20
"""Bytes for a look, for which nobody waits: 48 MB are enough for a small photo of most kinds, which is opened, too."""


def first_look(path: Path, limits: PhotoLimits, total: Callable[[], int], taken: Taken) -> tuple[Seen, int]:
    """What is seen of a file, and how many bytes its opening takes at least. Raises as `look_sandboxed` does.

    The header alone may take many times the file: a TIFF's tables of strips do. A file for which little memory is not
    enough gets as much as any may take to be opened, of `total()` bytes in all.
    """
    little = min(LITTLE, limits.decode_memory_bytes)
    try:
        return look_sandboxed(path, replace(limits, decode_memory_bytes=little)), 0
    except (DamagedPhoto, PhotoTooLarge) as error:  # codecs take a lack of memory for damage
        enough = min(limits.decode_memory_bytes, total() - memory.ALWAYS)
        lacks_memory = isinstance(error, DamagedPhoto) or str(error) == TOO_MUCH_MEMORY
        if enough <= little or not lacks_memory:
            raise
    size = memory.ALWAYS + enough
    with taken(size):
        return look_sandboxed(path, replace(limits, decode_memory_bytes=enough)), size
