"""From a file to upright pixels, guarded.

The guard: the format by its first bytes, the number of pixels before any is decoded, Pillow's warnings of decompression
bombs as errors, and everything that Pillow raises as one error with one sentence.
"""

import io
import re
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageChops, ImageCms, ImageOps, UnidentifiedImageError

from slackbot.imaging import animation, coding, colour, depth, heic_range, metadata, psd, repair, tiff_directories
from slackbot.imaging.errors import (
    RAW_FILE,
    TOO_MUCH_MEMORY,
    UNPACKS_TOO_LARGE,
    DamagedPhoto,
    EmptyFile,
    NotAPhoto,
    PhotoTooLarge,
    UnreadableKind,
    too_many_bytes,
    too_many_pixels,
)
from slackbot.imaging.formats import FORMATS, HEAD, Format, Source, detect_format, output_format
from slackbot.imaging.photo import Photo
from slackbot.limits import PhotoLimits

# Per process, since catch_warnings is not safe with threads: a bomb is refused wherever Pillow notices it, and what
# else it remarks on odd metadata concerns nobody.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

T = TypeVar("T")


def open_photo(path: Path, limits: PhotoLimits) -> Photo:
    """Read a photo. Raises a PhotoError whose text is the sentence for the person."""
    photo, partial = guarded(path, limits, _photo)
    return replace(photo, partial=partial)


def guarded(path: Path, limits: PhotoLimits, read: Callable[[Source, Format, PhotoLimits], T]) -> tuple[T, bool]:
    """What `read` makes of a file, repaired where it fails; and whether a part of the picture is lost.

    Raises a PhotoError.
    """
    # Pillow's own limit, or more: what is a little too large is refused by `opened`, whose sentence has figures.
    Image.MAX_IMAGE_PIXELS = max(89_478_485, 2 * limits.output_pixels)
    if path.stat().st_size > limits.photo_bytes:
        raise PhotoTooLarge(too_many_bytes(limits.photo_bytes))
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise EmptyFile
    fmt, source = detect_format(head), partial(path.open, "rb")
    if fmt in (None, FORMATS["TIFF"]) and tiff_directories.is_raw(source):
        raise UnreadableKind(RAW_FILE)
    if head.startswith(_UNREAD):
        raise UnreadableKind
    if fmt is None:
        raise NotAPhoto
    if fmt.codec == "HEIF":
        import pillow_heif

        # A thread of libheif reserves a malloc arena, and decoding side by side would not make one photo cheaper.
        pillow_heif.register_heif_opener(decode_threads=1)
        source = heic_range.corrected(source)
    try:
        return read(source, fmt, limits), False
    except (DamagedPhoto, UnreadableKind) as error:
        found = None
        with suppress(*_REFUSALS):
            found = repair.repaired(path.read_bytes(), fmt.codec)
        if found is None:
            raise error from error.__cause__
        return read(partial(io.BytesIO, found[0]), fmt, limits), found[1]


@contextmanager
def opened(source: Source, fmt: Format, limits: PhotoLimits) -> Iterator[tuple[Image.Image, int]]:
    """The first picture of a file, of which no pixel is decoded yet, and how many there are. Raises a PhotoError."""
    with _one_error(source, fmt.codec), source() as file, Image.open(file, formats=[fmt.codec]) as image:
        pages = _to_first_page(image, source)
        if image.width * image.height > limits.output_pixels:
            raise PhotoTooLarge(too_many_pixels(image.size, limits.output_pixels))
        yield image, pages


def _photo(source: Source, fmt: Format, limits: PhotoLimits) -> Photo:
    with opened(source, fmt, limits) as (image, pages):
        deep = coding.is_deep(image, source)
        depth.scale_transparency(image)
        xmp = metadata.take_xmp(image)
        told, coded = colour.read(image, source), coding.read(image, source)
        photo = _animation(image, fmt, limits) if animation.moves(image) else _still(image, fmt, source, pages)
        photo = colour.to_model(photo, told)
        if photo.alpha and not photo.motion and not photo.format.alpha:
            photo = photo.written_as(FORMATS["PNG"])
        coded = replace(coded, drawn=coding.is_drawn(photo.image))
        return replace(photo, source=fmt, deep=deep, metadata=metadata.read(image, xmp), coding=coded)


def _still(image: Image.Image, fmt: Format, source: Source, pages: int) -> Photo:
    icc = image.info.get("icc_profile")
    if image.format == "PSD":
        colours, alpha = psd.flat(image, source)
        return replace(_pixels(colours, output_format(fmt), icc), alpha=alpha)
    try:
        image.load()
    except OSError as error:
        if image.info.get("compression") in _OPTIONAL:
            raise UnreadableKind from error
        raise
    metadata.take_xmp(image)
    return replace(_pixels(_upright(image), output_format(fmt), icc), pages=pages)


def _to_first_page(image: Image.Image, source: Source) -> int:
    """How many pictures for people a file has, without layers, previews and maps; a TIFF then stands at its first."""
    if image.format == "TIFF":
        numbers = tiff_directories.pages(source)
        image.seek(numbers[0])
        return len(numbers)
    if image.format != "HEIF":
        return 1
    # The other eye of a stereo photo, and what may be shown instead (ISO/IEC 14496-12, entity groups).
    groups = [group for group in image.info.get("entity_groups", []) if group["type"] in ("ster", "altr", "pymd")]
    beside = {number for group in groups for number in group["images"]} - {None, image.tell()}
    return getattr(image, "n_frames", 1) - len(beside)


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF says, where that can be read; in place, since a copy of a large one takes 256 MB."""
    with suppress(*_REFUSALS):
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _animation(image: Image.Image, fmt: Format, limits: PhotoLimits) -> Photo:
    icc = image.info.get("icc_profile")
    (first, alpha), motion = animation.read(image, limits)
    if motion is None:
        most = animation.most(image.size, limits)
        return Photo(first, output_format(fmt), alpha, icc, _is_grey(first), pages=most, uncounted=True)
    pages = 1 + len(motion.rest)
    grey = all(_is_grey(frame) for frame in (first, *(frame for frame, _ in motion.rest)))
    return Photo(first, output_format(fmt, moving=pages > 1), alpha, icc, grey, pages=pages, motion=motion)


_BAND = 256  # rows at a time
# What Pillow and its plugins raise.
_REFUSALS = (
    *(OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, RuntimeError, AttributeError),
    *(struct.error, OverflowError, ZeroDivisionError, AssertionError, NotImplementedError),
)
_OPTIONAL = ("jbig", "lzma", "webp", "zstd")  # ways to compress a TIFF that not every libtiff knows
# BigTIFF of big-endian numbers, and JPEG XL as it is or in a container: Pillow reads neither, and of the packages for
# JPEG XL one is under a licence that is not for us (pillow-jxl-plugin), the other 26 MB of many codecs (imagecodecs).
_UNREAD = (b"MM\0+", b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")
_RARE = re.compile(r"unsupported|not supported|unknown|cannot handle|not configured|not a PSD file", re.IGNORECASE)


@contextmanager
def _one_error(source: Source | None = None, codec: str = "") -> Iterator[None]:
    """What Pillow raises as a PhotoError. Why it knows no file, its plugin tells when it is asked alone."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PhotoTooLarge(UNPACKS_TOO_LARGE) from None
    except _REFUSALS as error:
        reason = _reason(source, codec) if source and isinstance(error, UnidentifiedImageError) else error
        if re.search(r"memory", str(reason), re.IGNORECASE):  # libheif's word, which is no MemoryError
            raise PhotoTooLarge(TOO_MUCH_MEMORY) from error
        rare = _RARE.search(str(reason)) or (codec == "PSD" and isinstance(getattr(reason, "__cause__", 0), KeyError))
        raise (UnreadableKind if rare else DamagedPhoto) from error


def _reason(source: Source, codec: str) -> Exception | None:
    with source() as file:
        try:
            Image.OPEN[codec][0](file, "")
        except _REFUSALS as error:
            return error
    return None


def _pixels(image: Image.Image, fmt: Format, icc: bytes | None) -> Photo:
    """Any mode of Pillow's as RGB and alpha. A profile that fits neither RGB nor grey is used up here."""
    if image.mode.startswith(("I", "F")):
        image = depth.eight_bits(image)
    if image.mode == "CMYK":
        return Photo(_from_cmyk(image, icc), fmt)
    if image.mode == "LAB":
        lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return Photo(_required(ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB")), fmt)
    grey = image.mode in ("1", "L", "LA", "La")
    if not image.has_transparency_data:
        colours = image._new(image.im) if image.mode == "RGB" else image.convert("RGB")  # the same pixels, no copy
        return Photo(colours, fmt, icc=icc, grey=grey or _is_grey(colours))
    whole = image if image.mode == "RGBA" else image.convert("RGBA")
    colours = whole.convert("RGB")
    return Photo(colours, fmt, whole.getchannel("A"), icc, grey or _is_grey(colours))


def _is_grey(image: Image.Image) -> bool:
    """Whether an RGB picture has no colour, apart from how JPEG and WebP round."""
    for top in range(0, image.height, _BAND):
        red, green, blue = image.crop((0, top, image.width, min(top + _BAND, image.height))).split()
        apart = ImageChops.lighter(ImageChops.difference(green, red), ImageChops.difference(green, blue))
        if apart.point([0, 0, *[255] * 254]).getbbox():
            return False
    return True


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
