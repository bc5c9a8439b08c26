"""What the command line is to enhance: which files there are, and where each result goes."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from slackbot.errors import CommandError
from slackbot.imaging.formats import FORMATS, HEAD, Format, detect_format, format_of_suffix
from slackbot.imaging.photo import Photo
from slackbot.job import Options

_RESULT = re.compile(r"(.+)_(?:[1-4](?:\.\d+)?x|compare)(?: \(\d+\))?")


@dataclass(frozen=True)
class Order:
    """What the command line asks for. `output` is a file, a folder, or None for beside each input.

    It is a folder where it is one, ends in a slash, or more than one file may go there.
    """

    inputs: Sequence[Path]
    output: Path | None
    options: Options
    force: bool
    recursive: bool = False
    is_folder: bool = False
    only_check: bool = False


@dataclass(frozen=True)
class Source:
    """A file to enhance, and the folder for its result."""

    path: Path
    folder: Path


class Targets:
    """Names for results: none is given twice, and none is that of a source."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._taken = {source.path.resolve() for source in sources}

    def free(self, path: Path) -> Path:
        """The path, or with a number where it is taken: `cat_4x (2).jpg`."""
        free, number = path, 1
        while free.resolve() in self._taken:
            number += 1
            free = path.with_stem(f"{path.stem} ({number})")
        self._taken.add(free.resolve())
        return free


def check_order(order: Order) -> tuple[Path | None, list[Source], int]:
    """The file for the result if one is named, what can be read, and how many cannot. Raises CommandError."""
    output = order.output
    many = len(order.inputs) > 1 or _is_folder(order.inputs[0])
    file = output if output and not (many or order.is_folder or _is_folder(output)) else None
    if file:
        format_to_write(file, None, order.options)
        try:
            refuse_existing(file, order)
        except OSError as error:
            raise CommandError(told(file, error)) from None
    sources, failed = list[Source](), 0

    def fail(path: Path, error: OSError) -> None:
        nonlocal failed
        failed += 1
        print(told(path, error), file=sys.stderr, flush=True)

    for source in _sources(order.inputs, None if file else output, order.recursive, fail):
        try:
            source.path.open("rb").close()
        except OSError as error:
            fail(source.path, error)
        else:
            sources.append(source)
    if not sources and not failed:
        raise CommandError("There is no picture in there.")
    for folder in {file.parent} if file else {source.folder for source in sources}:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
    return file, sources, failed


def told(source: Path, error: Exception) -> str:
    """A sentence that names what failed: the source, unless the system names another file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or source}: {error.strerror}"
    return f"{source}: {error}"


def refuse_existing(path: Path, order: Order) -> None:
    """Raises CommandError where a result must not go, and OSError where that cannot be looked at."""
    if path.exists() and not order.force:
        raise CommandError(f"{path} is there already; --force overwrites it.")


def format_to_write(file: Path, photo: Photo | None, options: Options) -> Format:
    """The format that the output's name asks for."""
    if photo and file.suffix.lower() == photo.format.suffix:
        return photo.format
    fmt = format_of_suffix(file.suffix)
    if fmt is None and (photo or file.suffix.lower() not in {known.suffix for known in FORMATS.values()}):
        raise CommandError(f"I cannot write {file.suffix or 'a file without suffix'}; try .png or .jpg.")
    if options.format and fmt is not FORMATS[options.format]:
        raise CommandError(f"--format says {options.format} and {file.name} says {fmt.name if fmt else file.suffix}.")
    return fmt or FORMATS["PNG"]


def _sources(
    inputs: Iterable[Path], output: Path | None, recursive: bool, fail: Callable[[Path, OSError], None]
) -> Iterator[Source]:
    """Files as they are named; of a folder, the pictures in it, but not the results that lie beside their sources.

    With `recursive` those of its folders, too, whose results go into folders of the same names. `fail` is told of each
    folder that cannot be read.
    """
    for path in inputs:
        if not _is_folder(path):
            yield Source(path, output or path.parent)
            continue
        for folder in _folders(path) if recursive else [path]:
            if output and output.resolve() in (folder.resolve(), *folder.resolve().parents) and output != path:
                continue  # results of an earlier run
            try:
                pictures = list(_pictures(folder))
            except OSError as error:
                fail(folder, error)
                continue
            for file in pictures:
                yield Source(file, output / folder.relative_to(path) if output else folder)


def _folders(path: Path) -> list[Path]:
    """A folder and all in it, also those that cannot be read."""
    return sorted({path, *(Path(parent, name) for parent, names, _ in os.walk(path) for name in names)})


def _is_folder(path: Path) -> bool:
    """What cannot be looked at is left to the one who says so."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _pictures(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        pictures = sorted(Path(entry) for entry in entries if _is_picture(entry))
    stems = {file.stem for file in pictures}
    for file in pictures:
        result = _RESULT.fullmatch(file.stem)
        if not (result and result[1] in stems):
            yield file


def _is_picture(entry: os.DirEntry[str]) -> bool:
    """What cannot be read is left to the one who says so."""
    try:
        if not entry.is_file():
            return False
        with Path(entry).open("rb") as file:
            return detect_format(file.read(HEAD)) is not None
    except OSError:
        return True
