"""A photo in memory, and how much larger it may become."""

from dataclasses import dataclass, field, replace

from PIL import Image

from slackbot.imaging.animation import Motion
from slackbot.imaging.errors import PhotoTooLarge, too_long, too_many_pixels
from slackbot.imaging.formats import Format
from slackbot.limits import PhotoLimits


@dataclass(frozen=True)
class Photo:
    """Upright pixels: `image` is RGB, `alpha` L of the same size or None; `icc` the colour profile of the file.

    `pages` is how many pictures the file has, or `uncounted` more than that, of which `image` holds the first and
    `motion`, of an animation, the others. `exif` is what a person may ask to keep.
    """

    image: Image.Image
    format: Format  # to write it in
    alpha: Image.Image | None = None
    icc: bytes | None = None
    grey: bool = False
    pages: int = 1
    uncounted: bool = False
    motion: Motion | None = None
    exif: bytes = field(default=b"", repr=False)
    source: Format | None = None  # the file's own
    deep: bool = False  # it came with more than 8 bits a channel, of which the 8 that the model sees are left

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.size

    @property
    def frames(self) -> int:
        """How many pictures are to be enlarged."""
        return 1 + len(self.motion.rest) if self.motion else 1

    def written_as(self, fmt: Format) -> "Photo":
        """The same photo, to be written in another format; one without animations leaves the first frame."""
        return replace(self, format=fmt, motion=self.motion if fmt.moves else None)


def choose_scale(
    size: tuple[int, int], wanted: int, fmt: Format, limits: PhotoLimits, frames: int = 1, clear: bool = False
) -> int:
    """The scale for a photo of this size: the wanted one, else 2; PhotoTooLarge where that is too large as well."""
    width, height = size
    most = min(
        limits.output_pixels if frames == 1 else limits.animation_pixels // frames,
        fmt.transparent_pixels if clear and fmt.alpha else fmt.pixels,
    )
    for scale in (wanted, 2):
        if width * height * scale**2 <= most and max(size) * scale <= fmt.side:
            return scale
    if max(size) * 2 > fmt.side:
        raise PhotoTooLarge(too_long(size, fmt.name, fmt.side))
    raise PhotoTooLarge(too_many_pixels(size, most))
