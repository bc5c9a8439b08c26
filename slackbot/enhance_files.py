"""The command-line tool: photos from file to file, without Slack."""

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

from slackbot.errors import BotError, CommandError
from slackbot.imaging.comparison import LEFT, RIGHT, comparison, comparison_format
from slackbot.imaging.encode import save_photo
from slackbot.imaging.errors import sides
from slackbot.imaging.formats import FORMATS, HEAD, Format, detect_format, format_of_suffix
from slackbot.imaging.names import comparison_name, result_name
from slackbot.imaging.photo import Photo, plan_result
from slackbot.imaging.sandbox import open_sandboxed
from slackbot.inference.enhancer import Enhanced, Enhancer
from slackbot.job import Options
from slackbot.limits import PhotoLimits

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


def enhance_files(order: Order, begin: Callable[[], Enhancer], limits: PhotoLimits) -> int:
    """Enhance files one after the other, a sentence for each that cannot be; the number of those.

    `begin` makes the enhancer, once there is something to enhance and while the first file is being opened. What can be
    told without it is told before.
    """
    file, sources, failed = _checked(order)
    if order.only_check:
        return failed if not sources else 0
    targets, enhancer = Targets(sources), None
    for number, (source, opened) in enumerate(_opened_ahead(sources, limits), 1):
        title = source.path.name if len(sources) == 1 else f"[{number}/{len(sources)}] {source.path.name}"
        enhancer = enhancer or begin()
        try:
            photo = _in_format(opened.result(), file, order.options)
            plan = plan_result(photo, order.options.scale, limits)
            name = result_name(source.path.name, plan.scale, plan.format.suffix)
            if file and plan.format is not photo.format:
                raise CommandError(f"A {photo.format.name} cannot be so large; name a {plan.format.suffix} file.")
            target = file or targets.free(source.folder / name)
            beside = target.with_name(comparison_name(source.path.name, comparison_format(plan.format).suffix))
            said = _enhance(source.path, photo, target, targets.free(beside), order, title, enhancer, limits)
        except (BotError, OSError) as error:
            failed += 1
            _tell(source.path, error)
        else:
            print("\n".join(said), flush=True)
    return failed


def _checked(order: Order) -> tuple[Path | None, list[Source], int]:
    """The file for the result if one is named, what can be read, and how many cannot. Raises CommandError, OSError."""
    output = order.output
    many = len(order.inputs) > 1 or order.inputs[0].is_dir()
    file = output if output and not (many or order.is_folder or output.is_dir()) else None
    if file:
        _format_to_write(file, None, order.options)
        _refuse_existing(file, order)
    sources, failed = [], 0
    for source in _sources(order.inputs, None if file else output, order.recursive):
        try:
            source.path.open("rb").close()
        except OSError as error:
            failed += 1
            _tell(source.path, error)
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


def _tell(source: Path, error: Exception) -> None:
    """Name what failed: the source, unless the system names another file."""
    if isinstance(error, OSError) and error.strerror:
        print(f"{error.filename or source}: {error.strerror}", file=sys.stderr, flush=True)
    else:
        print(f"{source}: {error}", file=sys.stderr, flush=True)


def _refuse_existing(path: Path, order: Order) -> None:
    if path.exists() and not order.force:
        raise CommandError(f"{path} is there already; --force overwrites it.")


def _opened_ahead(sources: Sequence[Source], limits: PhotoLimits) -> Iterator[tuple[Source, Future[Photo]]]:
    """Each file with its photo: the next is being opened while this one is enhanced."""
    with ThreadPoolExecutor(1, thread_name_prefix="open") as pool:
        files = ((source, pool.submit(open_sandboxed, source.path, limits)) for source in sources)
        end: tuple[Source, Future[Photo]] = (Source(Path(), Path()), Future())
        yield from (this for this, _next in pairwise(chain(files, [end])))


def _in_format(photo: Photo, file: Path | None, options: Options) -> Photo:
    """The photo, to be written in the format that was asked for: by `--format`, or by the output's name."""
    if options.format:
        photo = photo.written_as(FORMATS[options.format])
    return photo.written_as(_format_to_write(file, photo, options)) if file else photo


def _enhance(
    source: Path,
    photo: Photo,
    target: Path,
    beside: Path,
    order: Order,
    title: str,
    enhancer: Enhancer,
    limits: PhotoLimits,
) -> list[str]:
    """One file; a line for each that was written."""
    options = order.options
    for wanted in (target, beside) if options.compare else (target,):
        _refuse_existing(wanted, order)
    enhanced = _with_bar(title, photo, options, enhancer)
    said = [f"{target}: {_figures(photo, enhanced)}"]
    if options.compare and enhanced.version:
        _write(comparison(photo, enhanced.photo, limits), beside, source)
        said.append(f"{beside}: {LEFT} on the left, {RIGHT} on the right")
    elif options.compare:
        said.append(f"{source}: nothing to compare, both sides would be bicubic")
    _write(enhanced.photo, target, source, options.metadata)
    return said


def _with_bar(title: str, photo: Photo, options: Options, enhancer: Enhancer) -> Enhanced:
    if not sys.stderr.isatty():
        return enhancer(photo, options.scale, bicubic=options.bicubic)
    from tqdm import tqdm  # a tenth of a second that only who looks at the bar has to wait

    with tqdm(desc=title, unit="tile", leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return enhancer(photo, options.scale, progress, bicubic=options.bicubic)


def _write(photo: Photo, target: Path, source: Path, keep_metadata: bool = False) -> None:
    """Write the whole file or none, with the date and the permissions of its source."""
    unfinished = target.with_name(f".{target.name}.part")
    try:
        save_photo(photo, unfinished, keep_metadata)
        found = source.stat()
        unfinished.chmod(found.st_mode & 0o666)
        os.utime(unfinished, ns=(found.st_atime_ns, found.st_mtime_ns))
        unfinished.replace(target)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(target)) from None
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _figures(photo: Photo, enhanced: Enhanced) -> str:
    how = f"model version {enhanced.version}" if enhanced.version else "bicubic"
    if enhanced.reason:
        how += f", because {enhanced.reason}"
    bits = ", 8 bits a channel, as the model sees" if photo.deep else ""
    if photo.partial:
        bits += ", what could be read of a damaged file"
    if photo.hdr:
        bits += ", HDR toned down to sRGB"
    if photo.coding.drawn and enhanced.photo.format.name == "JPEG":
        bits += ", text or a drawing, which --format png keeps sharp"
    pages = f", {enhanced.photo.frames} frames" if enhanced.photo.frames > 1 else ""
    if photo.pages > photo.frames:
        pages = f", the first of {photo.pages}{' or more' if photo.uncounted else ''} pictures"
    return f"{sides(photo.size)} → {sides(enhanced.photo.size)}{pages}{bits}, {enhanced.seconds:.1f} s, {how}"


def _format_to_write(file: Path, photo: Photo | None, options: Options) -> Format:
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
