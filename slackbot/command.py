"""The command line twin of the bot: the same way from file to file, without Slack."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from slackbot.enhance import Enhanced, Enhancer
from slackbot.errors import BotError, CommandError
from slackbot.kinds import Kind, kind_of, kind_of_suffix
from slackbot.limits import Limits
from slackbot.photo import Photo, choose_scale, open_photo, save_photo
from slackbot.replies import sides
from slackbot.shared_file import answer_name


@dataclass(frozen=True)
class Order:
    """What the command line asks for. `output` is a file, a folder, or None for beside each input."""

    inputs: Sequence[Path]
    output: Path | None
    scale: int
    force: bool


def enhance_files(order: Order, enhancer: Enhancer, limits: Limits) -> int:
    """Enhance files one after the other, a sentence for each that cannot be; the number of those."""
    sources = list(_sources(order.inputs))
    if not sources:
        raise CommandError("There is no picture in there.")
    file, folder = order.output, None
    if file and (len(order.inputs) > 1 or order.inputs[0].is_dir() or file.is_dir()):
        file, folder = None, file
        folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for source in sources:
        try:
            photo = open_photo(source, limits)
            if file:
                photo = photo.written_as(_kind_to_write(file))
            scale = choose_scale(photo.size, order.scale, photo.kind, limits, photo.frames)
            target = file or (folder or source.parent) / answer_name(source.name, scale, photo.kind.suffix)
            if target.exists() and not order.force:
                raise CommandError(f"{target} is there already; --force overwrites it.")
            enhanced = _with_bar(source.name, photo, scale, enhancer)
            _write(enhanced.photo, target)
        except (BotError, OSError) as error:
            failed += 1
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            print(f"{source}: {reason}", file=sys.stderr, flush=True)
        else:
            print(f"{target}: {_figures(photo, enhanced)}", flush=True)
    return failed


def _with_bar(name: str, photo: Photo, scale: int, enhancer: Enhancer) -> Enhanced:
    with tqdm(desc=name, unit="tile", leave=False, disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return enhancer(photo, scale, progress)


def _write(photo: Photo, target: Path) -> None:
    """Write the whole file or none."""
    unfinished = target.with_name(f".{target.name}.part")
    try:
        save_photo(photo, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _figures(photo: Photo, enhanced: Enhanced) -> str:
    how = f"model version {enhanced.version}" if enhanced.version else f"bicubic, because {enhanced.reason}"
    return f"{sides(photo.size)} → {sides(enhanced.photo.size)}, {enhanced.seconds:.1f} s, {how}"


def _kind_to_write(file: Path) -> Kind:
    kind = kind_of_suffix(file.suffix)
    if kind is None:
        raise CommandError(f"I cannot write {file.suffix or 'a file without suffix'}; try .png or .jpg.")
    return kind


def _sources(inputs: Iterable[Path]) -> Iterator[Path]:
    """Files as they are named; of a folder, the pictures in it."""
    for path in inputs:
        if path.is_dir():
            yield from (file for file in sorted(path.iterdir()) if file.is_file() and _is_picture(file))
        else:
            yield path


def _is_picture(path: Path) -> bool:
    with path.open("rb") as file:
        return kind_of(file.read(16)) is not None
