"""The table of docs/formats.md: a sample of each kind is made, opened and written, and what became of it is told."""

import io
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, PngImagePlugin

from docs.sample_files import DEEP_AVIF, jp2_with_profile, psd
from slackbot.imaging.decode import open_photo
from slackbot.imaging.encode import save_photo
from slackbot.imaging.errors import PhotoError
from slackbot.imaging.formats import FORMATS, Format
from slackbot.imaging.photo import Photo
from slackbot.limits import MEGAPIXEL, PhotoLimits

HEAD = ("kind", "read", "written", "animation", "alpha", "depth", "colour space", "metadata", "limits")
_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:d="http://purl.org/dc/elements/1.1/" d:source="here"/>'
_IPTC = b"\x1c\x02\x50\0\x04Jane"
_P3, _SRGB_CURVE, _PQ = 12, 13, 16


def rows() -> Iterator[tuple[str, ...]]:
    """A line for each kind that the bot knows."""
    pillow_heif.register_heif_opener()
    with tempfile.TemporaryDirectory() as folder:
        for fmt in FORMATS.values():
            yield _row(fmt, Path(folder) / "sample")


def _row(fmt: Format, path: Path) -> tuple[str, ...]:
    def became(content: bytes | None) -> Photo | None:
        if content is None:
            return None
        path.write_bytes(content)
        try:
            return open_photo(path, PhotoLimits())
        except PhotoError:
            return None

    usual = became(_encoded(fmt, _picture()))
    if usual is None:
        return fmt.name, "not tried: nothing here writes one", *("",) * 6, _limits(fmt)
    return (
        fmt.name,
        "yes",
        usual.format.name,
        _animation(fmt, became),
        _alpha(fmt, became),
        _depth(fmt, became),
        "; ".join(_colours(fmt, became)) or "sRGB",
        "; ".join(_metadata(fmt, became, path)) or "none",
        _limits(fmt),
    )


Became = Callable[[bytes | None], Photo | None]


def _picture(mode: str = "RGB") -> Image.Image:
    ramp = Image.linear_gradient("L").resize((16, 16))
    image = Image.merge("RGB", (ramp, ramp.rotate(90), ramp.rotate(180)))
    if mode == "RGBA":
        image.putalpha(ramp.point([0] * 64 + list(range(64, 256))))
    return image


def _encoded(fmt: Format, image: Image.Image, **options: Any) -> bytes | None:
    """A file of this kind; None where there is no encoder, or none for such a picture."""
    if fmt.codec == "PSD":
        layers = -1 if image.mode == "RGBA" else 0
        usual = image.mode in ("RGB", "RGBA", "CMYK") and not options.keys() - {"icc_profile"}
        return psd(image, layers, options.get("icc_profile", b"")) if usual else None
    out = io.BytesIO()
    try:
        image.save(out, fmt.codec, **options)
    except (KeyError, OSError, ValueError, TypeError, SystemError):
        return None
    if fmt.codec == "JPEG2000" and options.get("icc_profile"):
        return jp2_with_profile(out.getvalue(), options["icc_profile"])
    return out.getvalue()


def _animation(fmt: Format, became: Became) -> str:
    frames = [_picture(), _picture().rotate(90), _picture().rotate(180)]
    try:
        photo = became(_encoded(fmt, frames[0], save_all=True, append_images=frames[1:], duration=100))
    except UserWarning:
        photo = None
    if photo and photo.motion:
        return "stays moving" if photo.format is fmt else f"stays moving, as {photo.format.name}"
    return "the first picture" if photo and photo.pages > 1 else "none"


def _alpha(fmt: Format, became: Became) -> str:
    content = _encoded(fmt, _picture("RGBA"))
    photo = became(content) if content else None
    if photo is None or photo.alpha is None:
        return "none"
    whole = set(photo.alpha.tobytes()) - {0, 255}
    kept = "kept" if whole else "there or not"
    return kept if photo.format is fmt else f"{kept}, as {photo.format.name}"


def _depth(fmt: Format, became: Became) -> str:
    deep = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    content = None
    if fmt.codec == "AVIF":
        content = DEEP_AVIF
    elif fmt.codec == "HEIF":
        colours = deep[..., None].repeat(3, 2)
        out = io.BytesIO()
        try:
            pillow_heif.from_bytes("RGB;16", (16, 16), colours.tobytes()).save(out, format=fmt.codec)
            content = out.getvalue()
        except (RuntimeError, KeyError, OSError, ValueError):
            content = None
    elif fmt.codec not in ("BMP", "GIF", "JPEG", "WEBP"):
        content = _encoded(fmt, Image.fromarray(deep))
    photo = became(content)
    return "8 bits; more become 8, and it says so" if photo and photo.deep else "8 bits"


def _colours(fmt: Format, became: Became) -> Iterator[str]:
    """What the kind can say of its colours, as far as the result shows it."""
    photo = became(_encoded(fmt, _picture(), icc_profile=_PROFILE))
    if photo and photo.icc == _PROFILE:
        yield "ICC kept"
    if became(_encoded(fmt, _picture().convert("CMYK"))) and fmt.codec in ("JPEG", "TIFF", "PSD"):
        yield "CMYK as sRGB"
    for name, make in (("gAMA", _gamma), ("cHRM", _corners), ("cICP", _cicp), ("nclx", _nclx)):
        before, after = became(_encoded(fmt, _picture())), became(make(fmt, _P3, _SRGB_CURVE))
        if before and after and (before.image.tobytes() != after.image.tobytes() or after.icc):
            yield name
    if any(photo.hdr for make in (_cicp, _nclx) if (photo := became(make(fmt, 9, _PQ)))):
        yield "PQ and HLG toned down to sRGB"


def _with_chunk(fmt: Format, kind: bytes, data: bytes) -> bytes | None:
    content = _encoded(fmt, _picture())
    if content is None or fmt.codec != "PNG":
        return None
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content[:33] + chunk + content[33:]  # after the header


def _gamma(fmt: Format, *_: int) -> bytes | None:
    return _with_chunk(fmt, b"gAMA", struct.pack(">I", 100_000))


def _corners(fmt: Format, *_: int) -> bytes | None:
    corners = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
    return _with_chunk(fmt, b"cHRM", struct.pack(">8I", *(round(one * 100_000) for one in corners)))


def _cicp(fmt: Format, primaries: int, transfer: int) -> bytes | None:
    return _with_chunk(fmt, b"cICP", bytes([primaries, transfer, 0, 1]))


def _nclx(fmt: Format, primaries: int, transfer: int) -> bytes | None:
    """An AVIF's is written over that of another."""
    if fmt.codec == "HEIF":
        file = pillow_heif.from_pillow(_picture())
        file.info["nclx_profile"] = {
            "color_primaries": primaries,
            "transfer_characteristics": transfer,
            "matrix_coefficients": 6,
            "full_range_flag": 1,
        }
        out = io.BytesIO()
        file.save(out, save_nclx_profile=True)
        return out.getvalue()
    content = _encoded(fmt, _picture())
    at = content.find(b"colrnclx") if content and fmt.codec == "AVIF" else -1
    if content is None or at < 0:
        return None
    return content[: at + 8] + struct.pack(">HH", primaries, transfer) + content[at + 12 :]


def _metadata(fmt: Format, became: Became, path: Path) -> Iterator[str]:
    """What stays: the density always, the rest where a person asks."""

    def kept(content: bytes | None, keep: bool = True) -> Photo | None:
        photo = became(content)
        if photo is None:
            return None
        save_photo(replace(photo, image=photo.image.copy()), path, keep)
        return became(path.read_bytes())

    exif = Image.Exif()
    exif[0x010E], exif[282], exif[283], exif[296] = "described", 300.0, 300.0, 2
    for options in ({"dpi": (300, 300)}, {"exif": exif}):
        photo = kept(_encoded(fmt, _picture(), **options), keep=False)
        if photo and photo.metadata.density and round(photo.metadata.density[0]) == 300:
            yield "density"
            break
    info, texts = PngImagePlugin.PngInfo(), PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", _XMP.decode())
    texts.add_text("Title", "a title")
    told = []
    photo = kept(_encoded(fmt, _picture(), exif=exif))
    if photo and photo.metadata.exif:
        told.append("EXIF")
    photo = kept(_encoded(fmt, _picture(), xmp=_XMP, pnginfo=info, tiffinfo={700: _XMP}))
    if photo and photo.metadata.xmp:
        told.append("XMP")
    resource = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(_IPTC)) + _IPTC + b"\0" * (len(_IPTC) % 2)
    segment = b"\xff\xed" + struct.pack(">H", len(resource) + 2) + resource
    raw = PngImagePlugin.PngInfo()
    raw.add_text("Raw profile type iptc", f"\niptc\n{len(_IPTC):8}\n{_IPTC.hex()}\n")
    photo = kept(_encoded(fmt, _picture(), extra=segment, pnginfo=raw, tiffinfo={33723: _IPTC}))
    if photo and photo.metadata.iptc == _IPTC:
        told.append("IPTC")
    photo = kept(_encoded(fmt, _picture(), pnginfo=texts))
    if photo and photo.metadata.text:
        told.append("texts")
    photo = kept(_encoded(fmt, _picture(), comment=b"a comment"))
    if photo and (photo.metadata.comment or dict(photo.metadata.text).get("Comment")):
        told.append("comment")
    if told:
        yield f"asked for: {', '.join(told)}"


def _limits(fmt: Format) -> str:
    written = FORMATS[fmt.written_as or fmt.name]
    said = [f"sides of {fmt.side:,} px"] if fmt.side < 2**31 - 1 and written is fmt else []
    if written is fmt and fmt.transparent_pixels < 2**62:
        said.append(f"{fmt.transparent_pixels / MEGAPIXEL:g} megapixels where transparent or lossless")
    return ", ".join(said) + ("; then PNG" if said else "")
