"""A photo in memory, and how much larger it may become."""

import math
from dataclasses import dataclass, field, replace

from PIL import Image

from slackbot.imaging.animation import Motion
from slackbot.imaging.coding import Coding
from slackbot.imaging.errors import PhotoTooLarge, too_many_pixels
from slackbot.imaging.formats import FORMATS, Format
from slackbot.imaging.metadata import Metadata
from slackbot.limits import PhotoLimits


@dataclass(frozen=True)
class Facts:
    """What decides how large a result may be, and how much memory it takes."""

    size: tuple[int, int]  # width and height in pixels
    format: Format  # to write it in
    frames: int = 1  # to be enlarged
    alpha: bool = False
    lossless: bool = False
    grey: bool = False

    def written_as(self, fmt: Format) -> "Facts":
        """The same in another format, as `Photo.written_as` has it."""
        return replace(self, format=fmt, frames=self.frames if fmt.moves else 1)


@dataclass(frozen=True)
class Photo:
    """Upright pixels: `image` is RGB, `alpha` L of the same size or None; `icc` the colour profile of the file.

    `grey_curve` has for each number of a grey picture that of sRGB, by a profile that is for grey; else it is empty.
    `pages` is how many pictures the file has, or `uncounted` more than that, of which `image` holds the first and
    `motion`, of an animation, the others.
    """

    image: Image.Image
    format: Format  # to write it in
    alpha: Image.Image | None = None
    icc: bytes | None = None
    grey: bool = False
    pages: int = 1
    uncounted: bool = False
    motion: Motion | None = None
    hdr: bool = False  # it came brighter than a screen's white (PQ, HLG), of which what fits sRGB is left
    coding: Coding = field(default_factory=Coding, repr=False)
    metadata: Metadata = field(default_factory=Metadata, repr=False)
    source: Format | None = None  # the file's own
    partial: bool = False  # the file is damaged, and a part of the picture or its motion is lost
    deep: bool = False  # it came with more than 8 bits a channel, of which the 8 that the model sees are left
    grey_curve: bytes = field(default=b"", repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.size

    @property
    def frames(self) -> int:
        """How many pictures are to be enlarged."""
        return 1 + len(self.motion.rest) if self.motion else 1

    @property
    def facts(self) -> Facts:
        """What decides about size and memory of the result."""
        lossless = self.coding.lossless
        return Facts(self.size, self.format, self.frames, self.alpha is not None, lossless, self.grey)

    def written_as(self, fmt: Format) -> "Photo":
        """The same photo, to be written in another format; one without animations leaves the first frame."""
        return replace(self, format=fmt, motion=self.motion if fmt.moves else None)


@dataclass(frozen=True)
class Plan:
    """What becomes of a photo: its scale, from 1 to 4, its width and height in pixels, and its format."""

    scale: float
    size: tuple[int, int]
    format: Format


def plan_result(facts: Facts, wanted: float, limits: PhotoLimits) -> Plan:
    """The largest result that is allowed, up to the wanted scale. Raises PhotoTooLarge where not even 1x is.

    A still photo gets as many pixels as fit, an animation a whole scale at which all its frames fit. A format that
    cannot hold as much as a PNG gives way to PNG.
    """
    clear = facts.alpha or facts.lossless  # a lossless WebP takes as much memory
    own, png = (_hundredths(facts.size, facts.frames, wanted, fmt, limits, clear) for fmt in (facts.format, _PNG))
    hundredths = max(own, png)
    if hundredths < 100:
        raise PhotoTooLarge(too_many_pixels(facts.size, limits.output_pixels))
    width, height = facts.size
    size = (width * hundredths // 100, height * hundredths // 100)
    scale = hundredths // 100 if hundredths % 100 == 0 else hundredths / 100
    return Plan(scale, size, facts.format if own >= png else _PNG)


_PNG = FORMATS["PNG"]


def _hundredths(
    size: tuple[int, int], frames: int, wanted: float, fmt: Format, limits: PhotoLimits, clear: bool
) -> int:
    """A hundred times the scale in this format; less than a hundred where it cannot hold the photo as it is."""
    most = min(
        limits.output_pixels if frames == 1 else limits.animation_pixels // frames,
        fmt.transparent_pixels if clear and fmt.alpha else limits.output_pixels,
    )
    by_pixels = math.isqrt(10_000 * most // (size[0] * size[1]))
    largest = min(round(100 * wanted), by_pixels, 100 * fmt.side // max(size))
    return largest if frames == 1 or largest < 100 else largest // 100 * 100
