"""A photo: from a file to upright pixels, guarded, and from pixels back to a file.

The guard: the kind by its first bytes, the number of pixels before any is decoded, Pillow's warnings of decompression
bombs as errors, and everything that Pillow raises as one error with one sentence.
"""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

from slackbot.errors import DamagedPhoto, EmptyFile, NotAPhoto, PhotoTooLarge
from slackbot.kinds import Kind, answer_kind, kind_of
from slackbot.limits import MEGAPIXEL, Limits

# Per process, since catch_warnings is not safe with threads: a bomb is refused wherever Pillow notices it, and what
# else it remarks on odd metadata concerns nobody.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Photo:
    """Upright pixels: `image` is RGB, `alpha` L of the same size or None; `icc` the colour profile of the file."""

    image: Image.Image
    kind: Kind  # the kind to write
    alpha: Image.Image | None = None
    icc: bytes | None = None
    grey: bool = False
    frames: int = 1  # of the file; the first one is what `image` holds

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.size


def open_photo(path: Path, limits: Limits) -> Photo:
    """Read a photo. Raises a PhotoError whose text is the sentence for the person."""
    if path.stat().st_size > limits.photo_bytes:
        raise PhotoTooLarge(too_many_bytes(limits))
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
        image.load()
        frames = getattr(image, "n_frames", 1)
        icc = image.info.get("icc_profile")
        return replace(_pixels(ImageOps.exif_transpose(image), answer_kind(kind), icc), frames=frames)


def save_photo(photo: Photo, path: Path) -> None:
    """Write a photo as `photo.kind`, with its colour profile and without any other metadata.

    The photo's image is used up: alpha goes into it in place, since a copy of a large one would take 256 MB.
    """
    image = photo.image.convert("L") if photo.grey else photo.image
    if photo.alpha is not None and photo.kind.alpha:
        image.putalpha(photo.alpha)
    elif photo.alpha is not None:
        paper = Image.new(image.mode, image.size, "white")
        paper.paste(image, mask=photo.alpha)
        image = paper
    profile = {"icc_profile": photo.icc} if photo.icc else {}
    image.save(path, format=photo.kind.format, **profile, **photo.kind.options)


def choose_scale(size: tuple[int, int], wanted: int, kind: Kind, limits: Limits) -> int:
    """The scale for a photo of this size: the wanted one, else 2; PhotoTooLarge where that is too large as well."""
    width, height = size
    for scale in (wanted, 2):
        if width * height * scale**2 <= limits.output_pixels and max(size) * scale <= kind.side:
            return scale
    if max(size) * 2 > kind.side:
        raise PhotoTooLarge(
            f"it is {width} × {height} pixels; in {kind.name} I can take sides of up to {kind.side // 2} pixels."
        )
    raise PhotoTooLarge(
        f"it is {width} × {height}, or {width * height / MEGAPIXEL:.1f} megapixels; "
        f"I can take up to {limits.output_pixels / 4 / MEGAPIXEL:g}."
    )


def too_many_bytes(limits: Limits) -> str:
    """The sentence for a file over the limit."""
    return f"the file is too large; I can take up to {limits.photo_bytes // 2**20} MB."


@contextmanager
def _one_error() -> Iterator[None]:
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PhotoTooLarge("it unpacks to far more pixels than I can take.") from None
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
    grey = image.mode in ("1", "L", "LA", "La")
    if not image.has_transparency_data:
        return Photo(image.convert("RGB"), kind, icc=icc, grey=grey)
    whole = image.convert("RGBA")
    return Photo(whole.convert("RGB"), kind, whole.getchannel("A"), icc, grey)


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
