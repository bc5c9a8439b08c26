"""The command-line tool: photos from file to file, without Slack."""

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
from slackbot.imaging.formats import FORMATS, Format, detect_format, format_of_suffix
from slackbot.imaging.names import comparison_name, result_name
from slackbot.imaging.photo import Photo, plan_result
from slackbot.imaging.sandbox import open_sandboxed
from slackbot.inference.enhancer import Enhanced, Enhancer
from slackbot.job import Options
from slackbot.limits import PhotoLimits

_RESULT = re.compile(r"(.+)_(?:[1-4](?:\.\d+)?x|compare)")


@dataclass(frozen=True)
class Order:
    """What the command line asks for. `output` is a file, a folder, or None for beside each input."""

    inputs: Sequence[Path]
    output: Path | None
    options: Options
    force: bool


def enhance_files(order: Order, begin: Callable[[], Enhancer], limits: PhotoLimits) -> int:
    """Enhance files one after the other, a sentence for each that cannot be; the number of those.

    `begin` makes the enhancer, once there is something to enhance and while the first file is being opened.
    """
    sources = list(_sources(order.inputs))
    if not sources:
        raise CommandError("There is no picture in there.")
    file, folder = order.output, None
    if file and (len(order.inputs) > 1 or order.inputs[0].is_dir() or file.is_dir()):
        file, folder = None, file
        folder.mkdir(parents=True, exist_ok=True)
    failed, enhancer = 0, None
    for number, (source, opened) in enumerate(_opened_ahead(sources, limits), 1):
        title = source.name if len(sources) == 1 else f"[{number}/{len(sources)}] {source.name}"
        enhancer = enhancer or begin()
        try:
            photo = _in_format(opened.result(), file, order.options)
            plan = plan_result(photo, order.options.scale, limits)
            target = file or (folder or source.parent) / result_name(source.name, plan.scale, plan.format.suffix)
            said = _enhance(source, photo, target, order, title, enhancer, limits)
        except (BotError, OSError) as error:
            failed += 1
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            print(f"{source}: {reason}", file=sys.stderr, flush=True)
        else:
            print("\n".join(said), flush=True)
    return failed


def _opened_ahead(sources: Sequence[Path], limits: PhotoLimits) -> Iterator[tuple[Path, Future[Photo]]]:
    """Each file with its photo: the next is being opened while this one is enhanced."""
    with ThreadPoolExecutor(1, thread_name_prefix="open") as pool:
        files = ((source, pool.submit(open_sandboxed, source, limits)) for source in sources)
        yield from (this for this, _next in pairwise(chain(files, [(Path(), Future())])))


def _in_format(photo: Photo, file: Path | None, options: Options) -> Photo:
    """The photo, to be written in the format that was asked for: by `--format`, or by the output's name."""
    if options.format:
        photo = photo.written_as(FORMATS[options.format])
    return photo.written_as(_format_to_write(file, photo, options)) if file else photo


def _enhance(
    source: Path, photo: Photo, target: Path, order: Order, title: str, enhancer: Enhancer, limits: PhotoLimits
) -> list[str]:
    """One file; a line for each that was written."""
    options = order.options
    beside = target.with_name(comparison_name(source.name, comparison_format(photo.format).suffix))
    for wanted in (target, beside) if options.compare else (target,):
        if wanted.exists() and not order.force:
            raise CommandError(f"{wanted} is there already; --force overwrites it.")
    enhanced = _with_bar(title, photo, options, enhancer)
    said = [f"{target}: {_figures(photo, enhanced)}"]
    if options.compare and enhanced.version:
        _write(comparison(photo, enhanced.photo, limits), beside)
        said.append(f"{beside}: {LEFT} on the left, {RIGHT} on the right")
    elif options.compare:
        said.append(f"{source}: nothing to compare, both sides would be bicubic")
    _write(enhanced.photo, target, options.metadata)
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


def _write(photo: Photo, target: Path, keep_metadata: bool = False) -> None:
    """Write the whole file or none."""
    unfinished = target.with_name(f".{target.name}.part")
    try:
        save_photo(photo, unfinished, keep_metadata)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _figures(photo: Photo, enhanced: Enhanced) -> str:
    how = f"model version {enhanced.version}" if enhanced.version else "bicubic"
    if enhanced.reason:
        how += f", because {enhanced.reason}"
    bits = ", 8 bits a channel, as the model sees" if photo.deep else ""
    pages = f", {enhanced.photo.frames} frames" if enhanced.photo.frames > 1 else ""
    if photo.pages > photo.frames:
        pages = f", the first of {photo.pages}{' or more' if photo.uncounted else ''} pictures"
    return f"{sides(photo.size)} → {sides(enhanced.photo.size)}{pages}{bits}, {enhanced.seconds:.1f} s, {how}"


def _format_to_write(file: Path, photo: Photo, options: Options) -> Format:
    """The format that the output's name asks for."""
    if file.suffix.lower() == photo.format.suffix:
        return photo.format
    fmt = format_of_suffix(file.suffix)
    if fmt is None:
        raise CommandError(f"I cannot write {file.suffix or 'a file without suffix'}; try .png or .jpg.")
    if options.format and fmt is not FORMATS[options.format]:
        raise CommandError(f"--format says {options.format} and {file.name} says {fmt.name}.")
    return fmt


def _sources(inputs: Iterable[Path]) -> Iterator[Path]:
    """Files as they are named; of a folder, the pictures in it, but not the results that lie beside their sources."""
    for path in inputs:
        if path.is_dir():
            pictures = [file for file in sorted(path.iterdir()) if file.is_file() and _is_picture(file)]
            stems = {file.stem for file in pictures}
            for file in pictures:
                result = _RESULT.fullmatch(file.stem)
                if not (result and result[1] in stems):
                    yield file
        else:
            yield path


def _is_picture(path: Path) -> bool:
    with path.open("rb") as file:
        return detect_format(file.read(16)) is not None
