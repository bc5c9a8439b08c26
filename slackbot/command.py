"""The command line twin of the bot: the same way from file to file, without Slack."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from slackbot.enhance import Enhancer
from slackbot.errors import BotError, PhotoError
from slackbot.kinds import kind_of, kind_of_suffix
from slackbot.limits import Limits
from slackbot.photo import open_photo, save_photo
from slackbot.replies import sides
from slackbot.shared_file import answer_name


class CommandError(BotError):
    """The command line asks for something that cannot be."""


@dataclass(frozen=True)
class Order:
    """What the command line asks for."""

    inputs: Sequence[Path]
    output: Path | None
    scale: int
    force: bool


def enhance_files(order: Order, enhancer: Enhancer, limits: Limits) -> int:
    """Enhance files one after the other, a sentence for each that cannot be; the number of those."""
    sources = list(_sources(order.inputs))
    if not sources:
        raise CommandError("There is no picture in there.")
    into_folder = order.output is not None and (
        len(sources) > 1 or order.output.is_dir() or any(path.is_dir() for path in order.inputs)
    )
    if into_folder and order.output:
        order.output.mkdir(parents=True, exist_ok=True)
    failed = 0
    for source in sources:
        try:
            print(_enhance(source, order, into_folder, enhancer, limits), flush=True)
        except (BotError, OSError) as error:
            failed += 1
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            print(f"{source}: {reason}", file=sys.stderr, flush=True)
    return failed


def _enhance(source: Path, order: Order, into_folder: bool, enhancer: Enhancer, limits: Limits) -> str:
    photo = open_photo(source, limits)
    if order.output and not into_folder:
        kind = kind_of_suffix(order.output.suffix)
        if kind is None:
            raise CommandError(f"I cannot write {order.output.suffix or 'a file without suffix'}; try .png or .jpg.")
        photo = replace(photo, kind=kind)
        _refuse_overwriting(order.output, order)
    with tqdm(desc=source.name, unit="tile", leave=False, disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        folder = order.output if into_folder and order.output else source.parent
        expected = folder / answer_name(source.name, order.scale, photo.kind.suffix)
        if into_folder or not order.output:
            _refuse_overwriting(expected, order)
        enhanced = enhancer(photo, order.scale, progress)
    target = order.output
    if into_folder or not target:
        target = folder / answer_name(source.name, enhanced.scale, photo.kind.suffix)
        _refuse_overwriting(target, order)
    unfinished = target.with_name(f".{target.name}.part")
    try:
        save_photo(enhanced.photo, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    how = f"model version {enhanced.version}" if enhanced.version else f"bicubic, because {enhanced.reason}"
    return f"{target}: {sides(photo.size)} → {sides(enhanced.photo.size)}, {enhanced.seconds:.1f} s, {how}"


def _refuse_overwriting(target: Path, order: Order) -> None:
    if target.exists() and not order.force:
        raise CommandError(f"{target} is there already; --force overwrites it.")


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


__all__ = ["CommandError", "Order", "PhotoError", "enhance_files"]
