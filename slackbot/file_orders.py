"""What the command line is to enhance: which files there are, and where each result goes."""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
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
    """The file for the result if one is named, what can be read, and how many cannot. Raises CommandError, OSError."""
    output = order.output
    many = len(order.inputs) > 1 or order.inputs[0].is_dir()
    file = output if output and not (many or order.is_folder or output.is_dir()) else None
    if file:
        format_to_write(file, None, order.options)
        refuse_existing(file, order)
    sources, failed = [], 0
    for source in _sources(order.inputs, None if file else output, order.recursive):
        try:
            source.path.open("rb").close()
        except OSError as error:
            failed += 1
            print(told(source.path, error), file=sys.stderr, flush=True)
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


def _sources(inputs: Iterable[Path], output: Path | None, recursive: bool) -> Iterator[Source]:
    """Files as they are named; of a folder, the pictures in it, but not the results that lie beside their sources.

    With `recursive` those of its folders, too, whose results go into folders of the same names.
    """
    for path in inputs:
        if not path.is_dir():
            yield Source(path, output or path.parent)
            continue
        folders = sorted({path, *(one for one in path.rglob("*") if one.is_dir())}) if recursive else [path]
        for folder in folders:
            if output and output.resolve() in (folder.resolve(), *folder.resolve().parents) and output != path:
                continue  # results of an earlier run
            for file in _pictures(folder):
                yield Source(file, output / folder.relative_to(path) if output else folder)


def _pictures(folder: Path) -> Iterator[Path]:
    pictures = [file for file in sorted(folder.iterdir()) if file.is_file() and _is_picture(file)]
    stems = {file.stem for file in pictures}
    for file in pictures:
        result = _RESULT.fullmatch(file.stem)
        if not (result and result[1] in stems):
            yield file


def _is_picture(path: Path) -> bool:
    """What cannot be read is left to the one who says so."""
    try:
        with path.open("rb") as file:
            return detect_format(file.read(HEAD)) is not None
    except OSError:
        return True
