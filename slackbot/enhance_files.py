"""The command-line tool: photos from file to file, without Slack."""

import contextlib
import os
import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slackbot.errors import BotError, CommandError
from slackbot.file_bar import FileBar
from slackbot.file_orders import Order, Source, Targets, check_order, format_to_write, refuse_existing, told
from slackbot.imaging.comparison import LEFT, RIGHT, comparison, comparison_format
from slackbot.imaging.encode import save_photo
from slackbot.imaging.errors import sides
from slackbot.imaging.formats import FORMATS, format_of_suffix
from slackbot.imaging.names import comparison_name, result_name
from slackbot.imaging.photo import Photo, plan_result
from slackbot.inference.enhancer import Enhanced, Enhancer
from slackbot.inference.tiled_upscale import Progress
from slackbot.job import Options
from slackbot.limits import Limits, PhotoLimits
from slackbot.open_ahead import Opening, Wanted, open_ahead
from slackbot.ops.budget import Budget

LESSENED = ", as large as there is memory for"


@dataclass(frozen=True)
class Work:
    """What is the same for all files. `file` is the result of the only one, where it is named."""

    order: Order
    file: Path | None
    targets: Targets
    limits: PhotoLimits
    pool: Executor
    bar: FileBar


@dataclass(frozen=True)
class Made:
    """What became of a file: pictures, and for each the file to be written and a line about it."""

    result: Photo
    target: Path
    figures: str
    compared: Photo | None
    beside: Path


@dataclass(frozen=True)
class Begun:
    """A file that is being enhanced."""

    source: Path
    opening: Opening
    made: Future[Made]


def enhance_files(order: Order, begin: Callable[[], Enhancer], limits: Limits, budget: Budget) -> int:
    """Enhance files, a sentence for each that cannot be; the number of those. Sentences come in the files' order.

    As many are enhanced side by side as the server computes tiles at a time: a small photo is one tile, and alone it
    would leave the rest of the server idle. They are written one after the other, in this thread, where Ctrl-C ends it.

    `begin` makes the enhancer, once there is something to enhance and while the first file is being opened. What can be
    told without it is told before. `budget` is the memory for opened files.
    """
    file, sources, failed = check_order(order)
    if order.only_check:
        return failed if not sources else 0
    fmt = FORMATS[order.options.format] if order.options.format else file and format_of_suffix(file.suffix)
    wanted = Wanted(order.options.scale, fmt, order.options.compare)
    openings = open_ahead([source.path for source in sources], wanted, limits.photo, budget)
    at_once, enhancer = limits.server.tiles_at_once, None
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="enhance")
    begun: deque[Begun] = deque()
    try:
        with FileBar(len(sources)) as bar:
            work = Work(order, file, Targets(sources), limits.photo, pool, bar)
            for source, opening in zip(sources, openings, strict=True):
                # One more than are worked on, so that a thread that is done has another at once.
                while begun and (len(begun) > at_once or not _comes_first(opening, begun[0])):
                    failed += _end(begun.popleft(), work)
                enhancer = enhancer or begin()
                begun.append(_begin(source, opening, work, enhancer))
            while begun:
                failed += _end(begun.popleft(), work)
    finally:
        openings.close()
        pool.shutdown(wait=False, cancel_futures=True)
    return failed


def _comes_first(opening: Opening, begun: Begun) -> bool:
    """Wait until the one is open or the other is made: it may be that the one waits for memory that the other has."""
    either: list[Future[Any]] = [opening.opened, begun.made]
    wait(either, return_when=FIRST_COMPLETED)
    return opening.opened.done()


def _begin(source: Source, opening: Opening, work: Work, enhancer: Enhancer) -> Begun:
    """What can be refused is refused here, and names are given here: in the files' order."""
    progress = work.bar.begin(source.path.name)
    try:
        made = _planned(source, opening, work, enhancer, progress)
    except (BotError, OSError) as error:
        progress(1, 1)
        made = Future[Made]()
        made.set_exception(error)
    return Begun(source.path, opening, made)


def _planned(source: Source, opening: Opening, work: Work, enhancer: Enhancer, progress: Progress) -> Future[Made]:
    photo, admission = opening.take()
    options, file, name = work.order.options, work.file, source.path.name
    photo = _in_format(photo, file, options)
    plan = plan_result(photo.facts, admission.scale, work.limits)
    if file and plan.format is not photo.format:
        raise CommandError(f"A {photo.format.name} cannot be so large; name a {plan.format.suffix} file.")
    target = file or work.targets.free(source.folder / result_name(name, plan.scale, plan.format.suffix))
    beside = work.targets.free(target.with_name(comparison_name(name, comparison_format(plan.format).suffix)))
    for wanted in (target, beside) if options.compare else (target,):
        refuse_existing(wanted, work.order)

    def make(photo: Photo) -> Made:
        enhanced = enhancer(photo, admission.scale, progress, bicubic=options.bicubic)
        compared = comparison(photo, enhanced.photo, work.limits) if options.compare and enhanced.version else None
        figures = f"{_figures(photo, enhanced)}{LESSENED if admission.lessened else ''}"
        return Made(enhanced.photo, target, figures, compared, beside)

    return work.pool.submit(make, photo)  # which is kept by nobody else: the encoder needs the memory


def _end(begun: Begun, work: Work) -> bool:
    """Write what was made of a file, and tell of it; whether it failed. Then no pixels of it are left in memory."""
    source = begun.source
    try:
        with begun.opening:
            made = begun.made.result()
            said = [f"{made.target}: {made.figures}"]
            if made.compared:
                _write(made.compared, made.beside, source)
                said.append(f"{made.beside}: {LEFT} on the left, {RIGHT} on the right")
            elif work.order.options.compare:
                said.append(f"{source}: nothing to compare, both sides would be bicubic")
            _write(made.result, made.target, source, work.order.options.metadata)
    except (BotError, OSError) as error:
        work.bar.say(told(source, error), sys.stderr)
        return True
    work.bar.say("\n".join(said), sys.stdout)
    return False


def _in_format(photo: Photo, file: Path | None, options: Options) -> Photo:
    """The photo, to be written in the format that was asked for: by `--format`, or by the output's name."""
    if options.format:
        photo = photo.written_as(FORMATS[options.format])
    return photo.written_as(format_to_write(file, photo, options)) if file else photo


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
