"""What a codec might do to the process that it runs in; `open_in_cell` takes them in the place of `open_photo`."""

import ctypes
import os
import time
from dataclasses import replace
from typing import Any

from slackbot.imaging.decode import open_photo


class Reach:
    """Unpickled without care, it runs a command of its maker's."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __reduce__(self):
        return os.system, (f"touch {self.place}",)


def crash(*_: Any) -> Any:
    ctypes.string_at(0)


def spin(*_: Any) -> Any:
    while True:
        pass


def sleep(*_: Any) -> Any:
    time.sleep(600)


def eat(*_: Any) -> Any:
    return [bytearray(50 * 2**20) for _ in range(1000)]


def vanish(*_: Any) -> Any:
    os._exit(0)


def surprise(*_: Any) -> Any:
    raise LookupError("as no codec should")


def reach(path: Any, _: Any) -> Any:
    reached = Reach(str(path) + ".reached")
    vars(reached).update(info={}, image=reached, alpha=None, motion=None)
    return reached


def tell_much(path: Any, limits: Any) -> Any:
    return replace(open_photo(path, limits), icc=bytes(64 * 2**20))


def talk(*_: Any) -> Any:
    return "not a photo"
