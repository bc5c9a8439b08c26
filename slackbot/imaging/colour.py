"""The one place where a file's colours become those that the model sees, and the profile that leads back.

The model learned from sRGB. What counts for it is the curve from light to number, so pixels keep their numbers, and the
result its profile, wherever that curve is about sRGB's: so no wide gamut is cut. Other curves are replaced by sRGB's,
and a profile is made for primaries that are told in another way than by one. HDR becomes SDR.
"""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from PIL import Image, ImageCms

from slackbot.imaging.colour_profile import SRGB_PRIMARIES, Primaries, matrix_to, profile
from slackbot.imaging.formats import Source
from slackbot.imaging.photo import Photo

# ITU-T H.273, tables 2 and 3. Curves of video (1, 6, 7, 11, 13, 14, 15) count as sRGB's, as they do in browsers.
_PRIMARIES: dict[int, Primaries] = {
    1: SRGB_PRIMARIES,
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (0.3127, 0.3290, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    9: (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    22: (0.3127, 0.3290, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
_GAMMA22, _GAMMA28, _LINEAR, _PQ, _DCI, _HLG = 4, 5, 8, 16, 17, 18
_POWERS = {_GAMMA22: 2.2, _GAMMA28: 2.8, _LINEAR: 1.0, _DCI: 2.6}
_WHITE_NITS = 203.0  # what PQ and HLG show as paper's white: ITU-R BT.2408
_HLG_NITS = 1000.0
_BT2020_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)
_STEPS, _BAND = 8191, 64  # of the table from light to numbers; rows at a time
_LARGEST_PROFILE = 4 * 2**20  # bytes; those with tables for print have 3 MB
_SAME_GAMMA = 0.05  # libpng's threshold
_SAME_GREY = 12.0  # of L*: from gamma 1.6 to 3, so what people edit in stays as it is


@dataclass(frozen=True)
class Colour:
    """What a file says of its numbers without a profile: primaries, and H.273's transfer function or a PNG's gamma."""

    primaries: Primaries = SRGB_PRIMARIES
    transfer: int = 13
    gamma: float = 0.0  # of a PNG: 0.45455 is the usual one


def read(image: Image.Image, source: Source) -> Colour | None:
    """What an opened file says of its colours, apart from a profile; None where that is nothing, or sRGB."""
    if image.format == "PNG":
        return _of_png(image, source)
    nclx = None
    if image.format == "HEIF":
        found = image.info.get("nclx_profile") or {}
        nclx = found.get("color_primaries", 2), found.get("transfer_characteristics", 2)
    elif image.format == "AVIF":
        nclx = _nclx(source)
    elif image.format == "JPEG2000":
        _take_profile(image, source)
    return _of_codes(*nclx) if nclx else None


def to_model(photo: Photo, colour: Colour | None) -> Photo:
    """The photo with numbers as the model knows them; `photo.icc` says what they mean where that is not sRGB.

    The pixels of its frames are replaced, their alpha is not.
    """
    # One for grey says nothing of colours, and would take them away.
    if photo.icc and (len(photo.icc) > _LARGEST_PROFILE or (_is_for_grey(photo.icc) and not photo.grey)):
        photo = replace(photo, icc=None)
    if photo.icc:
        colour = _of_profile(photo.icc)
    if colour and colour.transfer in (_PQ, _HLG):
        peak = _peak(photo, colour.transfer)
        return replace(_mapped(photo, lambda image: _tone_mapped(image, colour, peak)), icc=None, hdr=True)
    if photo.icc:
        return _with_grey_curve(_with_usual_curve(photo, photo.icc))
    if colour is None:
        return photo
    table = _curve(colour)
    if table != list(range(256)):
        photo = _mapped(photo, lambda image: image.point(table * 3))
    same = max(abs(a - b) for a, b in zip(colour.primaries, SRGB_PRIMARIES, strict=True)) < 0.002
    return photo if same or photo.grey else replace(photo, icc=profile(colour.primaries))


def with_rgb_profile(photo: Photo) -> Photo:
    """The grey photo with a profile for RGB, or none, in place of one for grey, which a picture in RGB must not have.

    Its pixels are replaced, as `photo.grey_curve` says: the profile is a stranger's, and read in the sandbox alone.
    """
    if not photo.icc or not _is_for_grey(photo.icc):
        return photo
    curve = photo.grey_curve
    if not curve:
        return replace(photo, icc=None)
    photo = _mapped(photo, lambda image: image.convert("L").point(curve).convert("RGB"))
    return replace(photo, icc=profile(SRGB_PRIMARIES), grey_curve=b"")


def fits(icc: bytes, mode: str) -> bool:
    """Whether a profile is one for pictures of this mode."""
    return {b"RGB ": mode in ("RGB", "RGBA"), b"GRAY": mode in ("L", "LA")}.get(icc[16:20], False)


def _is_for_grey(icc: bytes) -> bool:
    return icc[16:20] == b"GRAY"


def _of_png(image: Image.Image, source: Source) -> Colour | None:
    """By the order of precedence of PNG's third edition: cICP, iCCP, sRGB, gAMA with cHRM."""
    cicp = _cicp(source)
    if cicp:
        image.info.pop("icc_profile", None)
        return _of_codes(*cicp)
    if "icc_profile" in image.info or "srgb" in image.info:
        return None
    gamma, primaries = image.info.get("gamma", 0.0), image.info.get("chromaticity") or SRGB_PRIMARIES
    if not gamma and primaries is SRGB_PRIMARIES:
        return None
    try:
        profile(tuple(primaries))
    except (ValueError, ZeroDivisionError, OverflowError, TypeError, struct.error):  # corners of no triangle
        primaries = SRGB_PRIMARIES
    return Colour(tuple(primaries), gamma=gamma if 0.1 <= gamma <= 10 else 0.0)


def _of_codes(primaries: int, transfer: int) -> Colour | None:
    found = Colour(_PRIMARIES.get(primaries, SRGB_PRIMARIES), transfer)
    usual = transfer not in (*_POWERS, _PQ, _HLG)
    return None if usual and found.primaries is SRGB_PRIMARIES else found


def _of_profile(icc: bytes) -> Colour | None:
    """What the `cicp` tag of a profile says, where that is HDR: tables for it are made for screens that show it."""
    for at in range(132, min(132 + 12 * 100, len(icc) - 12), 12):
        name, start = struct.unpack(">4sI", icc[at : at + 8])
        if name == b"cicp" and icc[start : start + 4] == b"cicp" and len(icc) >= start + 12:
            found = _of_codes(icc[start + 8], icc[start + 9])
            return found if found and found.transfer in (_PQ, _HLG) else None
    return None


def _cicp(source: Source) -> tuple[int, int] | None:
    """Primaries and transfer function of a PNG's cICP chunk, which Pillow leaves out."""
    with source() as file:
        file.seek(8)
        for _ in range(1000):
            head = file.read(8)
            if len(head) < 8 or head[4:] == b"IDAT":
                return None
            if head[4:] == b"cICP":
                codes = file.read(2)
                return (codes[0], codes[1]) if len(codes) == 2 else None
            file.seek(int.from_bytes(head[:4], "big") + 4, io.SEEK_CUR)
    return None


def _nclx(source: Source) -> tuple[int, int] | None:
    """Primaries and transfer function of an AVIF's first `colr` box of that kind, which Pillow leaves out."""
    with source() as file:
        head = file.read(65_536)
    at = head.find(b"colrnclx") + 8
    return struct.unpack(">HH", head[at : at + 4]) if 8 <= at <= len(head) - 4 else None


def _take_profile(image: Image.Image, source: Source) -> None:
    """A JP2's profile, in a `colr` box of method 2, which Pillow leaves out."""
    with source() as file:
        head = file.read(2 * 1024 * 1024)
    at = head.find(b"colr\2")
    if at >= 4:
        length = int.from_bytes(head[at - 4 : at], "big")
        profile = head[at + 7 : at - 4 + length]
        if len(profile) > 128 and profile[36:40] == b"acsp":
            image.info["icc_profile"] = profile


def _mapped(photo: Photo, change: Callable[[Image.Image], Image.Image]) -> Photo:
    """The photo with changed pixels, in place and in bands: a copy of a large one takes 256 MB."""
    for image in (photo.image, *(image for image, _ in (photo.motion.rest if photo.motion else ()))):
        for top in range(0, image.height, _BAND):
            box = (0, top, image.width, min(top + _BAND, image.height))
            image.paste(change(image.crop(box)), box)
    return photo


def _curve(colour: Colour) -> list[int]:
    """For each number of the file that of sRGB's curve."""
    numbers = np.arange(256) / 255
    if colour.transfer in _POWERS:
        numbers = _encode(numbers ** _POWERS[colour.transfer])
    elif colour.gamma:
        # libpng's rule: seen on a screen of 2.2, and no difference where that is what the file was made for.
        power = 1 / (2.2 * colour.gamma)
        numbers = numbers if abs(power - 1) <= _SAME_GAMMA else numbers**power
    return (numbers * 255).round().astype(int).tolist()


def _encode(light: np.ndarray) -> np.ndarray:
    """Linear light, 0 to 1, as sRGB's numbers, 0 to 1 (IEC 61966-2-1)."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)


def _light(numbers: np.ndarray, transfer: int) -> np.ndarray:
    """PQ's or HLG's numbers, 0 to 1, as light: of the screen for PQ (1 is paper's white), of the scene for HLG."""
    if transfer == _PQ:  # SMPTE ST 2084
        root = numbers ** (1 / 78.84375)
        return (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125) * (
            10_000 / _WHITE_NITS
        )
    a, b, c = 0.17883277, 0.28466892, 0.55991073  # ITU-R BT.2100
    return np.where(numbers <= 0.5, numbers**2 / 3, (np.exp((numbers - c) / a) + b) / 12)


def _peak(photo: Photo, transfer: int) -> float:
    """The brightest light of a photo, where 1 is paper's white."""
    frames = [photo.image, *(image for image, _ in (photo.motion.rest if photo.motion else ()))]
    most = max(high for image in frames for _, high in _extrema(image)) / 255
    light = _light(np.array([most]), transfer)
    return float((light if transfer == _PQ else light**1.2 * (_HLG_NITS / _WHITE_NITS))[0])


def _extrema(image: Image.Image) -> list[tuple[int, int]]:
    return list(image.getextrema())  # pyright: ignore[reportArgumentType, reportReturnType] - a pair for each channel


def _tone_mapped(image: Image.Image, colour: Colour, peak: float) -> Image.Image:
    """HDR as sRGB: Reinhard's operator, extended to the photo's own peak, on the largest of red, green and blue.

    What is no brighter than paper keeps its colour where nothing in the photo is brighter, and hues stay everywhere.
    """
    light_of = _light(np.arange(256) / 255, colour.transfer).astype(np.float32)
    number_of = (_encode(np.linspace(0, 1, _STEPS + 1) ** 2) * 255).round().astype(np.uint8)
    matrix = matrix_to(SRGB_PRIMARIES, colour.primaries).astype(np.float32)
    peak = max(peak, 1.0)
    light = light_of.take(np.asarray(image).transpose(2, 0, 1))
    if colour.transfer == _HLG:  # the system's gamma
        light *= np.tensordot(_BT2020_LUMINANCE, light, 1) ** np.float32(0.2) * np.float32(_HLG_NITS / _WHITE_NITS)
    brightest = light.max(0)
    light *= (1 + brightest / np.float32(peak**2)) / (1 + brightest)
    shown = (matrix @ light.reshape(3, -1)).clip(0, 1).reshape(light.shape)
    return Image.fromarray(number_of.take((np.sqrt(shown) * _STEPS + 0.5).astype(np.intp)).transpose(1, 2, 0).copy())


def _with_usual_curve(photo: Photo, icc: bytes) -> Photo:
    """The photo as it is, unless its profile's curve is far from sRGB's, as linear light is."""
    usual = abs(_middle_grey(icc) - 53.6) <= _SAME_GREY
    return photo if usual else _converted(photo, icc, profile(_PRIMARIES[12]))


@cache
def _middle_grey(icc: bytes) -> float:
    """L* of the number 128; that of sRGB where the profile is not sound."""
    mode = "L" if _is_for_grey(icc) else "RGB"
    try:
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        to_lab = ImageCms.buildTransform(ImageCms.ImageCmsProfile(io.BytesIO(icc)), lab, mode, "LAB")
        seen = ImageCms.applyTransform(Image.new(mode, (1, 1), "#808080"), to_lab)
        return seen.getpixel((0, 0))[0] * 100 / 255  # pyright: ignore[reportOptionalMemberAccess, reportOptionalSubscript, reportIndexIssue]
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return 53.6


def _with_grey_curve(photo: Photo) -> Photo:
    """The photo, with its curve where its profile is one for grey."""
    if not photo.icc or not _is_for_grey(photo.icc):
        return photo
    numbers = Image.frombytes("L", (256, 1), bytes(range(256)))
    try:
        curve = _transform(photo.icc, profile(SRGB_PRIMARIES))(numbers).convert("L").tobytes()
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # not sound
        return photo
    return replace(photo, grey_curve=curve)


def _converted(photo: Photo, icc: bytes, wanted: bytes) -> Photo:
    """The photo in the colours of another profile than its own."""
    return replace(_mapped(photo, _transform(icc, wanted)), icc=wanted)


def _transform(icc: bytes, wanted: bytes) -> Callable[[Image.Image], Image.Image]:
    """What turns pictures in the colours of one profile into RGB in those of another. Raises as littleCMS does."""
    mode = "L" if _is_for_grey(icc) else "RGB"
    source, target = (ImageCms.ImageCmsProfile(io.BytesIO(one)) for one in (icc, wanted))
    transform = ImageCms.buildTransform(source, target, mode, "RGB")

    def change(image: Image.Image) -> Image.Image:
        return ImageCms.applyTransform(image.convert(mode), transform) or image

    return change
