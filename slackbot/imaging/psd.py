"""What Pillow leaves out of a Photoshop file's flat picture: transparency, and that a bitmap's bits are black."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from slackbot.imaging.errors import UnreadableKind
from slackbot.imaging.formats import Source

_BAND = 256  # rows at a time
# A white pixel in each of Pillow's modes that can have layers, and so transparency.
_WHITE = {"L": (255,), "RGB": (255, 255, 255), "CMYK": (0, 0, 0, 0), "LAB": (255, 128, 128)}


@dataclass(frozen=True)
class _Layout:
    """`channels`: colours, then transparency where there is any, then selections. `begin`: where their data do."""

    channels: int
    transparent: bool
    packed: bool
    begin: int


def has_alpha(image: Image.Image, source: Source) -> bool:
    """Whether the flat picture of an opened file can be seen through."""
    return _is_transparent(image, _layout(source))


def flat(image: Any, source: Source) -> tuple[Image.Image, Image.Image | None]:
    """The flat picture of an opened file, its colours not mixed with white, and its alpha (L) or None.

    The file is loaded. Raises UnreadableKind where Pillow knows no such compression.
    """
    if not image.tile:
        raise UnreadableKind
    layout = _layout(source)
    if layout.packed:  # lengths of all rows come first, and Pillow skips only those of the channels that it reads
        skipped = 2 * image.height * (layout.channels - len(image.tile))
        image.tile = [tile._replace(offset=tile.offset + skipped) for tile in image.tile]
    if image.mode == "RGBA":  # whatever the fourth channel is
        image._mode, image.tile = "RGB", image.tile[:3]
    if image.mode == "1":  # where a set bit is black, which Pillow takes for white
        image.tile = [tile._replace(args="1;I") for tile in image.tile]
    image.load()
    if not _is_transparent(image, layout):
        return image, None
    alpha = _channel(len(_WHITE[image.mode]), layout, image.size, source)
    _unmix(image, alpha)
    return image, alpha


def _is_transparent(image: Image.Image, layout: _Layout) -> bool:
    white = _WHITE.get(image.mode.removesuffix("A"), ())
    return layout.transparent and 0 < len(white) < layout.channels


def _layout(source: Source) -> _Layout:
    with source() as file:
        channels = int.from_bytes(file.read(26)[12:14], "big")
        for _ in range(2):  # colours, resources
            file.seek(int.from_bytes(file.read(4), "big"), 1)
        size = int.from_bytes(file.read(4), "big")
        end = file.tell() + size
        layers = file.read(min(size, 6))  # a file without any has nothing here
        file.seek(end)
        packed = file.read(2) == b"\0\1"
        # A negative number of layers says that the first channel after the colours is transparency (Adobe's format).
        return _Layout(channels, len(layers) == 6 and struct.unpack(">Ih", layers)[1] < 0, packed, file.tell())


def _channel(number: int, layout: _Layout, size: tuple[int, int], source: Source) -> Image.Image:
    """One channel of the flat picture. Raises ValueError or struct.error where the file ends before."""
    width, height = size
    with source() as file:
        file.seek(layout.begin)
        if not layout.packed:
            file.seek(number * width * height, 1)
            return Image.frombytes("L", size, file.read(width * height))
        rows = layout.channels * height
        lengths = struct.unpack(f">{rows}H", file.read(2 * rows))
        begin = number * height
        file.seek(sum(lengths[:begin]), 1)
        return Image.frombytes("L", size, file.read(sum(lengths[begin : begin + height])), "packbits", "L")


def _unmix(image: Image.Image, alpha: Image.Image) -> None:
    """Make colours that were laid over white what they are without it, some rows at a time.

    Channel by channel, as they are stored: as one array, Pillow has signed numbers for Lab.
    """
    for top in range(0, image.height, _BAND):
        box = (0, top, image.width, min(top + _BAND, image.height))
        share = np.asarray(alpha.crop(box), np.float32) / 255
        channels = zip(image.crop(box).split(), _WHITE[image.mode], strict=True)
        image.paste(Image.merge(image.mode, [_without(white, mixed, share) for mixed, white in channels]), box)


def _without(white: int, mixed: Image.Image, share: np.ndarray) -> Image.Image:
    numbers = np.asarray(mixed)
    colours = (numbers - white * (1 - share)) / np.maximum(share, 1 / 255)
    return Image.fromarray(np.where(share > 0, colours.round().clip(0, 255), numbers).astype(np.uint8))
