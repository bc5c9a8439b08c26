"""What a file says of its picture before any pixel is decoded: enough to tell how much memory it will take."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from slackbot.imaging import animation, coding, gif_blocks, psd
from slackbot.imaging.decode import guarded, open_photo, opened
from slackbot.imaging.formats import FORMATS, Format, Source, output_format
from slackbot.imaging.photo import Facts, Photo
from slackbot.limits import PhotoLimits

_SMALL = 2**20
"""Pixels of all frames up to which a photo is opened at the first look: a second process would cost more than they do,
and the few megabytes need not be asked for."""


@dataclass(frozen=True)
class Header:
    """`pixels` are those that are decoded, of all frames; `mode` is Pillow's name of how they are stored.

    `deep` says that they have more than 8 bits a channel.
    """

    facts: Facts
    source: Format  # the file's own
    mode: str
    pixels: int
    file_bytes: int
    deep: bool = False


@dataclass
class Seen:
    """A file at the first look; with its photo where that is small."""

    header: Header
    photo: Photo | None

    def take(self) -> Photo | None:
        """The photo, which is not kept here."""
        photo, self.photo = self.photo, None
        return photo


def look(path: Path, limits: PhotoLimits) -> Seen:
    """Look at a file. Raises a PhotoError, as `open_photo` does, where it can be told already."""
    header = read_header(path, limits)
    return Seen(header, open_photo(path, limits) if header.pixels <= _SMALL else None)


def read_header(path: Path, limits: PhotoLimits) -> Header:
    """Look at a file. Raises the PhotoError that opening it would raise, unless only its pixels are wrong."""
    size = path.stat().st_size

    def read(source: Source, fmt: Format, limits: PhotoLimits) -> Header:
        with opened(source, fmt, limits) as (image, _):
            return _header(image, source, fmt, limits, size)

    return guarded(path, limits, read)[0]


def _header(image: Image.Image, source: Source, fmt: Format, limits: PhotoLimits, file_bytes: int) -> Header:
    most = animation.most(image.size, limits)
    there = _frames(image, source, most + 1) if animation.moves(image) else 1
    frames = there if there <= most else 1  # of too many, the first is all that comes back
    alpha = psd.has_alpha(image, source) if image.format == "PSD" else image.has_transparency_data
    written = output_format(fmt, moving=frames > 1)
    if alpha and not written.alpha:
        written = FORMATS["PNG"]
    grey = image.mode.startswith(("1", "L", "I", "F")) and image.mode != "LAB"
    lossless = coding.read(image, source).lossless
    facts = Facts(image.size, written, frames, alpha, lossless, grey)
    pixels = min(there, most) * image.width * image.height
    return Header(facts, fmt, image.mode, pixels, file_bytes, coding.is_deep(image, source))


def _frames(image: Image.Image, source: Source, most: int) -> int:
    if image.format != "GIF":
        return min(most, getattr(image, "n_frames", 1))
    with source() as file:
        return gif_blocks.count(file, most)
