"""A photo: from a file to upright pixels, guarded, and from pixels back to a file.

The guard: the kind by its first bytes, the number of pixels before any is decoded, Pillow's warnings of decompression
bombs as errors, and everything that Pillow raises as one error with one sentence.
"""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageCms, ImageOps

from slackbot import animation, replies
from slackbot.animation import Motion
from slackbot.errors import DamagedPhoto, EmptyFile, NotAPhoto, PhotoTooLarge
from slackbot.kinds import Kind, answer_kind, clear_kind, kind_of
from slackbot.limits import Limits

# Per process, since catch_warnings is not safe with threads: a bomb is refused wherever Pillow notices it, and what
# else it remarks on odd metadata concerns nobody.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Photo:
    """Upright pixels: `image` is RGB, `alpha` L of the same size or None; `icc` the colour profile of the file.

    `pages` is how many pictures the file has, or `uncounted` more than that, of which `image` holds the first and
    `motion`, of an animation, the others. `exif` is what a person may ask to keep.
    """

    image: Image.Image
    kind: Kind  # the kind to write
    alpha: Image.Image | None = None
    icc: bytes | None = None
    grey: bool = False
    pages: int = 1
    uncounted: bool = False
    motion: Motion | None = None
    exif: bytes = field(default=b"", repr=False)
    source: Kind | None = None  # the kind it came in
    deep: bool = False  # it came with more than 8 bits a channel, of which the 8 that the model sees are left

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.size

    @property
    def frames(self) -> int:
        """How many pictures are to be enlarged."""
        return 1 + len(self.motion.rest) if self.motion else 1

    def written_as(self, kind: Kind) -> "Photo":
        """The same photo, to be written as another kind; one that cannot move leaves the first frame."""
        return replace(self, kind=kind, motion=self.motion if kind.moves else None)


def open_photo(path: Path, limits: Limits) -> Photo:
    """Read a photo. Raises a PhotoError whose text is the sentence for the person."""
    if path.stat().st_size > limits.photo_bytes:
        raise PhotoTooLarge(replies.too_many_bytes(limits))
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        raise EmptyFile
    kind = kind_of(head)
    if kind is None:
        raise NotAPhoto
    if kind.format == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    with _one_error(), Image.open(path, formats=[kind.format]) as image:
        choose_scale(image.size, 2, answer_kind(kind), limits)
        deep = _is_deep(image)
        photo = _animation(image, kind, limits) if animation.moves(image) else _still(image, kind)
        if photo.alpha and not photo.motion:
            photo = photo.written_as(clear_kind(photo.kind, photo.size[0] * photo.size[1] * 2**2))
        return replace(photo, source=kind, deep=deep)


def _still(image: Image.Image, kind: Kind) -> Photo:
    image.load()
    upright = ImageOps.exif_transpose(image)
    photo = _pixels(upright, answer_kind(kind), image.info.get("icc_profile"))
    return replace(photo, pages=getattr(image, "n_frames", 1), exif=_told(image))


def _is_deep(image: Image.Image) -> bool:
    """Whether a file that is not loaded yet has more than 8 bits a channel; Pillow's mode does not say it of colour."""
    tiles = getattr(image, "tile", None) if image.format in ("PNG", "TIFF") else None
    raw = str(tiles[0].args) if tiles else ""
    return image.mode.startswith(("I", "F")) or ";16" in raw or image.info.get("bit_depth", 8) > 8


def _animation(image: Image.Image, kind: Kind, limits: Limits) -> Photo:
    icc = image.info.get("icc_profile")
    moving = animation.read(image, limits)
    if moving:
        (first, alpha), motion = moving
        pages = 1 + len(motion.rest)
        return Photo(first, answer_kind(kind, moving=pages > 1), alpha, icc, pages=pages, motion=motion)
    image.seek(0)
    image.load()
    return replace(_pixels(image, answer_kind(kind), icc), pages=animation.most(image.size, limits), uncounted=True)


def save_photo(photo: Photo, path: Path, keep_metadata: bool = False) -> None:
    """Write a photo as `photo.kind`, with its colour profile and, unless asked to, without any other metadata.

    The photo's pictures are used up: alpha goes into the image in place, since a copy of a large one takes 256 MB.
    """
    first = _whole(photo.image, photo.alpha, photo)
    options = dict(photo.kind.options)
    if photo.icc:
        options["icc_profile"] = photo.icc
    if photo.exif and keep_metadata:
        options["exif"] = _as_tags(photo.exif) if photo.kind.format == "TIFF" else photo.exif
    if photo.motion:
        rest = [_whole(image, alpha, photo) for image, alpha in photo.motion.rest]
        options |= animation.options(photo.motion, rest, photo.alpha is not None)
    first.save(path, format=photo.kind.format, **options)


def on_white(photo: Photo) -> Image.Image:
    """The photo as RGB, with white behind what can be seen through; the photo's own image where nothing can."""
    if photo.alpha is None:
        return photo.image
    paper = Image.new(photo.image.mode, photo.size, "white")
    paper.paste(photo.image, mask=photo.alpha)
    return paper


def _whole(image: Image.Image, alpha: Image.Image | None, photo: Photo) -> Image.Image:
    """A picture with its alpha, in the mode to write; the image is used up."""
    if alpha is not None and not photo.kind.alpha:
        image = on_white(replace(photo, image=image, alpha=alpha))
    if photo.grey:
        image = image.convert("L")
        if photo.icc and photo.icc[16:20] == b"RGB ":  # the profile fits no grey picture
            image = image.convert("RGB")
    if alpha is not None and photo.kind.alpha:
        image.putalpha(alpha)
        alpha.close()
    return image


def choose_scale(
    size: tuple[int, int], wanted: int, kind: Kind, limits: Limits, frames: int = 1, clear: bool = False
) -> int:
    """The scale for a photo of this size: the wanted one, else 2; PhotoTooLarge where that is too large as well."""
    width, height = size
    most = min(
        limits.output_pixels if frames == 1 else limits.animation_pixels // frames,
        kind.clear_pixels if clear and kind.alpha else kind.pixels,
    )
    for scale in (wanted, 2):
        if width * height * scale**2 <= most and max(size) * scale <= kind.side:
            return scale
    if max(size) * 2 > kind.side:
        raise PhotoTooLarge(replies.too_long(size, kind.name, kind.side))
    raise PhotoTooLarge(replies.too_many_pixels(size, most))


@contextmanager
def _one_error() -> Iterator[None]:
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PhotoTooLarge(replies.UNPACKS_TOO_LARGE) from None
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, RuntimeError) as error:
        raise DamagedPhoto from error
    except (struct.error, OverflowError, ZeroDivisionError, AssertionError, NotImplementedError) as error:
        raise DamagedPhoto from error


def _pixels(image: Image.Image, kind: Kind, icc: bytes | None) -> Photo:
    """Any mode of Pillow's as RGB and alpha. A profile that fits neither RGB nor grey is used up here."""
    if image.mode.startswith(("I", "F")):
        return Photo(_eight_bits(image).convert("RGB"), kind, icc=icc, grey=True)
    if image.mode == "CMYK":
        return Photo(_from_cmyk(image, icc), kind)
    if image.mode == "LAB":
        lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return Photo(_required(ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB")), kind)
    grey = image.mode in ("1", "L", "LA", "La")
    if not image.has_transparency_data:
        colours = image.convert("RGB")
        return Photo(colours, kind, icc=icc, grey=grey or _is_grey(colours))
    whole = image.convert("RGBA")
    colours = whole.convert("RGB")
    return Photo(colours, kind, whole.getchannel("A"), icc, grey or _is_grey(colours))


def _is_grey(image: Image.Image) -> bool:
    """Whether an RGB picture has no colour, apart from how JPEG and WebP round."""
    red, green, blue = image.split()
    apart = ImageChops.lighter(ImageChops.difference(green, red), ImageChops.difference(green, blue))
    return apart.point([0, 0, *[255] * 254]).getbbox() is None


def _eight_bits(image: Image.Image) -> Image.Image:
    """Sixteen bits of grey, or more, as eight."""
    values = np.asarray(image, dtype=np.float64)
    highest = 65535.0 if image.mode.startswith("I") else max(1.0, float(values.max(initial=0.0)))
    return Image.fromarray(np.clip(values * (255.0 / highest), 0, 255).round().astype(np.uint8))


def _from_cmyk(image: Image.Image, icc: bytes | None) -> Image.Image:
    if icc:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            result = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):  # some valid profiles fail in littleCMS
            result = None
        if result is not None:
            return result
    return image.convert("RGB")


def _required(image: Image.Image | None) -> Image.Image:
    if image is None:
        raise DamagedPhoto
    return image


# What people write into a photo, or a camera about it; not what only the file's own layout needs.
_TELLING = (270, 271, 272, 305, 306, 315, 33432, 34665, 34853)


def _as_tags(exif: bytes) -> Image.Exif:
    """EXIF as tags of a TIFF: libtiff takes none that point to further tables, where time and place are."""
    found = Image.Exif()
    found.load(exif)
    for tag in (34665, 34853):
        found.pop(tag, None)
    return found


def _told(image: Image.Image) -> bytes:
    """Description, camera, time, author, rights and place as EXIF; empty where there are none, or no sound ones."""
    try:
        found = image.getexif()
        for tag in set(found) - set(_TELLING):
            del found[tag]
        return found.tobytes() if len(found) else b""
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error):
        return b""
