"""The sandbox: strangers' pictures are opened in a process of their own, which may crash or hang without harm.

A fork server, which has loaded the codecs and nothing of Slack, forks one process for each picture. Memory and CPU
time are limited by the kernel, the time in all by a kill. What comes back is read as pixels and figures only: a codec
that was taken over can send a wrong picture and nothing else.
"""

import contextlib
import io
import logging
import multiprocessing
import os
import pickle
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from PIL import Image

from slackbot.imaging import forkserver, memory
from slackbot.imaging.animation import Motion
from slackbot.imaging.coding import Coding
from slackbot.imaging.decode import open_photo
from slackbot.imaging.errors import (
    TOO_MUCH_MEMORY,
    TOO_MUCH_TIME,
    DamagedPhoto,
    EmptyFile,
    NotAPhoto,
    PhotoError,
    PhotoTooLarge,
    UnreadableKind,
)
from slackbot.imaging.formats import FORMATS, Format
from slackbot.imaging.header import Header, Seen, look, read_header
from slackbot.imaging.metadata import Metadata
from slackbot.imaging.photo import Facts, Photo
from slackbot.limits import PhotoLimits

T = TypeVar("T", Photo, Seen)

log = logging.getLogger(__name__)

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(forkserver.LOADED)
_BAND_PIXELS = 2**20
_MOST_TOLD = 8 * 2**20
"""Bytes that come back beside pixels: a profile has up to four megabytes, other metadata less than one."""
_LENGTH = 8  # bytes that say how many those are
_ALLOWED_CLASSES = {
    (cls.__module__, cls.__qualname__): cls
    for cls in (
        Seen,
        Header,
        Facts,
        Photo,
        Motion,
        Coding,
        Metadata,
        Image.Image,
        EmptyFile,
        NotAPhoto,
        DamagedPhoto,
        PhotoTooLarge,
        UnreadableKind,
    )
}


def open_sandboxed(path: Path, limits: PhotoLimits, opener: Callable[[Path, PhotoLimits], Photo] = open_photo) -> Photo:
    """`opener`, in the sandbox. Raises a PhotoError, DamagedPhoto too where the process crashed.

    Raises OSError where the file itself cannot be read.
    """
    return _sandboxed(path, limits, opener, Photo)


def look_sandboxed(path: Path, limits: PhotoLimits) -> Seen:
    """`look`, in the sandbox. Raises what `open_sandboxed` does."""
    return _sandboxed(path, limits, look, Seen)


def _sandboxed(path: Path, limits: PhotoLimits, opener: Callable[[Path, PhotoLimits], T], kind: type[T]) -> T:
    path.open("rb").close()
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    worker = _CONTEXT.Process(target=_open, args=(theirs, opener, path, limits), daemon=True)
    forkserver.ensure()
    worker.start()
    theirs.close()
    out_of_time = threading.Event()

    def end() -> None:
        out_of_time.set()
        worker.kill()

    end_of_time = threading.Timer(limits.decode_seconds, end)
    end_of_time.start()
    try:
        with ours, os.fdopen(os.dup(ours.fileno()), "rb") as pipe:
            result = _Reader(pipe, limits).result()
    except (EOFError, pickle.UnpicklingError, ValueError, TypeError, KeyError, AttributeError, OSError):
        worker.kill()
        worker.join()
        log.warning("a picture could not be opened: its process ended with %s", worker.exitcode)
        if out_of_time.is_set() or worker.exitcode == -signal.SIGXCPU:
            raise PhotoTooLarge(TOO_MUCH_TIME) from None
        raise DamagedPhoto from None
    finally:
        end_of_time.cancel()
        worker.kill()
        worker.join()
    if isinstance(result, kind):
        return result
    raise result if isinstance(result, PhotoError) else DamagedPhoto


def _open(pipe: Connection, opener: Callable[[Path, PhotoLimits], Any], path: Path, limits: PhotoLimits) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the bot's business
    with contextlib.suppress(OSError):  # where memory runs out all the same, the kernel kills this one and not the bot
        Path("/proc/self/oom_score_adj").write_text("1000")
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, limits.decode_cpu_seconds, 1)  # the soft limit has a signal of its own, SIGXCPU
    _limit(resource.RLIMIT_AS, _address_space() + limits.decode_memory_bytes)
    try:
        result = opener(path, limits)
    except DamagedPhoto as error:
        result = PhotoTooLarge(TOO_MUCH_MEMORY) if _lacks_memory(path, limits) else error.with_traceback(None)
    except PhotoError as error:
        result = error.with_traceback(None)
    except MemoryError:
        result = PhotoTooLarge(TOO_MUCH_MEMORY)
    except Exception:  # of a codec: whatever else it raises, the picture cannot be opened
        result = DamagedPhoto()
    with pipe, contextlib.suppress(BrokenPipeError), os.fdopen(os.dup(pipe.fileno()), "wb") as out:
        _Writer(out).send(result)


def _lacks_memory(path: Path, limits: PhotoLimits) -> bool:
    """Whether a file that could not be opened has a codec that does not say why, and would take more than it may."""
    with contextlib.suppress(PhotoError):
        header = read_header(path, limits)
        return header.source.codec in memory.SILENT and memory.unpacked(header) > limits.decode_memory_bytes
    return False


def _limit(what: int, most: int, grace: int = 0) -> None:
    """Set a soft limit, and a hard one that is higher by `grace`; neither above what there is already."""
    _, there = resource.getrlimit(what)
    soft, hard = (one if there == resource.RLIM_INFINITY else min(one, there) for one in (most, most + grace))
    resource.setrlimit(what, (soft, hard))


def _address_space() -> int:
    """Bytes of address space that are taken before anything is opened."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


class _Writer(pickle.Pickler):
    """Writes a result after its length, then the pixels of its images in bands: a copy of a large one is too much."""

    def __init__(self, file: BinaryIO) -> None:
        self._told = io.BytesIO()
        super().__init__(self._told, protocol=5)
        self._file, self._images = file, list[Image.Image]()

    def send(self, result: Any) -> None:
        self.dump(result)
        told = self._told.getvalue()
        self._file.write(len(told).to_bytes(_LENGTH, "big") + told)
        for image in self._images:
            for box in _bands(image):
                self._file.write(image.crop(box).tobytes())

    def persistent_id(self, obj: Any) -> Any:
        """Formats travel by their name, images as mode and size: what they are called beside that is left behind."""
        if isinstance(obj, Image.Image):
            self._images.append(obj)
            return obj.mode, obj.size
        return obj.name if isinstance(obj, Format) else None


class _Reader(pickle.Unpickler):
    """Reads what was written so. Raises ValueError where it is more than may be told."""

    def __init__(self, file: BinaryIO, limits: PhotoLimits) -> None:
        size = int.from_bytes(file.read(_LENGTH), "big")
        if size > _MOST_TOLD:
            raise ValueError(size)
        super().__init__(io.BytesIO(file.read(size)))
        self._file, self._images = file, list[Image.Image]()
        self._pixels = 2 * max(limits.output_pixels, limits.animation_pixels)  # of colours and of alpha

    def result(self) -> Any:
        """What was sent. Raises EOFError where pixels are missing, ValueError where there are more than may be."""
        result = self.load()
        for image in self._images:
            for box in _bands(image):
                size = (image.width, box[3] - box[1])
                band = self._file.read(size[0] * size[1] * len(image.getbands()))
                if len(band) < size[0] * size[1] * len(image.getbands()):
                    raise EOFError
                image.paste(Image.frombytes(image.mode, size, band), box)
        return result

    def persistent_load(self, pid: Any) -> Any:
        if isinstance(pid, str):
            return FORMATS[pid]
        mode, (width, height) = pid
        self._pixels -= width * height
        if mode not in ("RGB", "L") or width < 1 or height < 1 or self._pixels < 0:
            raise ValueError(pid)
        self._images.append(Image.new(mode, (width, height)))
        return self._images[-1]

    def find_class(self, module_name: str, global_name: str) -> Any:
        """Only what a picture or a sentence is made of; everything else is no answer."""
        try:
            return _ALLOWED_CLASSES[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module_name}.{global_name}") from None


def _bands(image: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    """Boxes of some megabytes each, from top to bottom."""
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield 0, top, image.width, min(top + rows, image.height)
