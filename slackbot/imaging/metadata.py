"""What a file says beside its pixels, and how a result says it again.

The density (dots per inch) is always kept: it is no personal detail. The rest is kept where a person asks for it, less
what is no longer true of the result: thumbnail, sizes, orientation, places in the picture, and further pictures.
"""

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.dom import XMLNS_NAMESPACE, Node, minidom

from PIL import ExifTags, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

_MOST = 65_400  # bytes of each part, of all texts together: a JPEG's segment holds no more

# What a JPEG from a camera or an editor tells: description, camera, time, author, rights, rating, and two tables.
_EXIF_IFD, _GPS_IFD = ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo
_TELLING = {
    *(269, 270, 271, 272, 285, 305, 306, 315, 316, 18246, 18249, 33432, 40091, 40092, 40093, 40094, 40095),
    *(_EXIF_IFD, _GPS_IFD),
}
# PixelXDimension, PixelYDimension, Interoperability, FocalPlaneXResolution and its like, SubjectArea, SubjectLocation.
_NO_LONGER_TRUE = (0xA002, 0xA003, 0xA005, 0xA20E, 0xA20F, 0xA210, 0x9214, 0xA214)
# MakerNote, CameraOwnerName, BodySerialNumber, LensSerialNumber: whose camera it is, and what only its maker can read,
# often a preview of the whole picture before it was cut.
_OF_ONE_CAMERA = (0x927C, 0xA430, 0xA431, 0xA435)
# The same in XMP and in texts, whoever's names they are: drone-dji:CameraSerialNumber, dng:serial.number.
_OF_ONE_CAMERA_NAMES = re.compile(r"(.+:)?[\w.]*(MakerNote|Owner\.?Name|Serial\.?Number)", re.IGNORECASE)
_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 274, 282, 283, 296
_XMP_TAG, _IPTC_TAG, _IPTC_RESOURCE = 700, 33723, 0x0404

_XMP_SPACES = (  # gain maps, depth maps, motion photos, thumbnails: each tells of something that the result lacks
    "http://ns.adobe.com/hdr-gain-map/",
    "http://ns.apple.com/HDRGainMap/",
    "http://ns.adobe.com/xap/1.0/g/img/",
    "http://ns.adobe.com/xmp/note/",
    "http://ns.google.com/photos/1.0/camera/",
    "http://ns.google.com/photos/1.0/container/",
    "http://ns.google.com/photos/1.0/depthmap/",
    "http://ns.google.com/photos/1.0/image/",
    "http://ns.google.com/photos/dd/",
)
_XMP_NAMES = re.compile(
    r"Orientation|ImageWidth|ImageLength|PixelXDimension|PixelYDimension|Thumbnails|FocalPlane\w+|SubjectArea"
    r"|SubjectLocation|BitsPerSample|Compression|PhotometricInterpretation|SamplesPerPixel|PlanarConfiguration"
    r"|YCbCrSubSampling|YCbCrPositioning|\w+Pixels"
)
_TEXT_NAMES = re.compile(
    r"XML:com\.adobe\.xmp|Raw profile type .*|Thumb::.*"
    r"|(exif|tiff):\w*(Orientation|Image\w+|Thumbnail\w*|Resolution\w*)"
)


@dataclass(frozen=True)
class Metadata:
    """`density`: dots per inch, across and down. `exif` begins with "Exif"; `iptc`: bare records; `text`: a PNG's."""

    density: tuple[float, float] | None = None
    exif: bytes = field(default=b"", repr=False)
    xmp: bytes = field(default=b"", repr=False)
    iptc: bytes = field(default=b"", repr=False)
    text: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    comment: bytes = field(default=b"", repr=False)


def take_xmp(image: Image.Image) -> bytes:
    """Remove XMP from an opened file, and return it.

    Call it before and after `load`: Pillow turns a picture as its XMP says, and nothing else that shows pictures does.
    """
    image.info.pop("XML:com.adobe.xmp", None)
    found = image.info.pop("xmp", b"")
    return found if isinstance(found, bytes) else b""


def read(image: Image.Image, xmp: bytes = b"") -> Metadata:
    """What a loaded file says, where it is sound."""
    density = _density(image)
    comment = image.info.get("comment")
    return Metadata(
        density,
        _exif(image, density),
        _true_xmp(xmp),
        _iptc(image),
        tuple(_telling_texts(image)),
        comment[:_MOST] if isinstance(comment, bytes) else b"",
    )


def options(metadata: Metadata, codec: str, keep: bool) -> dict[str, Any]:
    """What Pillow's `save` needs to write it in a format: the density, and the rest where it is to be kept."""
    told = metadata if keep else Metadata(metadata.density)
    given: dict[str, Any] = {}
    if told.density and codec in ("JPEG", "PNG", "TIFF"):
        given["dpi"] = told.density
    if told.density and codec == "WEBP" and not told.exif:
        given["exif"] = _with_density(Image.Exif(), told.density).tobytes()
    if codec == "TIFF":
        return given | _tiff(told)
    if told.exif and codec != "GIF":
        given["exif"] = told.exif
    if told.xmp and codec in ("JPEG", "WEBP"):
        given["xmp"] = told.xmp
    if told.comment and codec in ("JPEG", "GIF"):
        given["comment"] = told.comment
    if told.iptc and codec == "JPEG":
        given["extra"] = _segment(told.iptc)
    if codec == "PNG" and (told.text or told.xmp or told.iptc or told.comment):
        given["pnginfo"] = _chunks(told)
    return given


def _density(image: Image.Image) -> tuple[float, float] | None:
    """Dots per inch across and down, as the file says, or its EXIF."""
    try:
        found = image.info.get("dpi") if _tells_density(image) else None
        if not found and image.format not in ("TIFF", "PNG", "BMP", "GIF"):
            exif = image.getexif()
            unit = {2: 1.0, 3: 2.54}.get(exif.get(_RESOLUTION_UNIT, 2), 0.0)
            found = (float(exif[_X_RESOLUTION]) * unit, float(exif[_Y_RESOLUTION]) * unit)
        across, down = (float(one) for one in found or ())
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error, ZeroDivisionError):
        return None
    sound = all(math.isfinite(one) and 1 <= one <= 65_535 for one in (across, down))
    return (across, down) if sound else None


def _tells_density(image: Image.Image) -> bool:
    """Whether dots per inch stand in the file: Pillow has some for a TIFF that is silent, and EXIF's without a unit."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _X_RESOLUTION in image.tag_v2
    return not isinstance(image, JpegImagePlugin.JpegImageFile) or image.info.get("jfif_unit") in (1, 2)


def _exif(image: Image.Image, density: tuple[float, float] | None) -> bytes:
    """Description, camera, time, author, rights and place as EXIF; empty where there are none, or no sound ones."""
    try:
        found = image.getexif()
        for tag in set(found) - _TELLING:
            del found[tag]
        for tag in (*_NO_LONGER_TRUE, *_OF_ONE_CAMERA):
            found.get_ifd(_EXIF_IFD).pop(tag, None)
        if not len(found):
            return b""
        exif = _with_density(found, density).tobytes()
        return exif if len(exif) <= _MOST else b""
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, AttributeError, struct.error, ZeroDivisionError):
        return b""


def _with_density(exif: Image.Exif, density: tuple[float, float] | None) -> Image.Exif:
    if density:
        exif[_X_RESOLUTION], exif[_Y_RESOLUTION], exif[_RESOLUTION_UNIT] = *density, 2
    return exif


def _true_xmp(xmp: bytes) -> bytes:
    """XMP without what is no longer true; empty where it is not sound XML."""
    xmp = xmp.rstrip(b"\0 ")
    if not xmp or len(xmp) > _MOST or b"<!" in xmp:  # no document types, so no entities that grow
        return b""
    try:
        document = minidom.parseString(xmp)  # noqa: S318 - entities are refused above
        _prune(document)
    except Exception:  # expat and minidom raise many kinds
        return b""
    return "".join(child.toxml() for child in document.childNodes).encode()


def _prune(node: Any) -> None:
    for child in list(node.childNodes):
        if child.nodeType != Node.ELEMENT_NODE:
            continue
        if _is_untrue(child):
            node.removeChild(child)
            continue
        for attribute in list(child.attributes.values()):
            if _is_untrue(attribute):
                child.removeAttributeNode(attribute)
        _prune(child)


def _is_untrue(node: Any) -> bool:
    """Whether it is no longer true, or tells of one camera."""
    space, name = node.namespaceURI or "", node.localName or ""
    if space == XMLNS_NAMESPACE:  # what gives a space its short name is no name itself
        return False
    of_the_file = space.startswith(("http://ns.adobe.com/", "http://ns.google.com/", "http://cipa.jp/exif/"))
    names = (_XMP_NAMES, _OF_ONE_CAMERA_NAMES) if of_the_file else (_OF_ONE_CAMERA_NAMES,)
    return space.startswith(_XMP_SPACES) or any(each.fullmatch(name) for each in names)


def _iptc(image: Image.Image) -> bytes:
    """The records of IPTC's older form (IIM), from a JPEG, a TIFF or a PNG of ImageMagick's."""
    found = (image.info.get("photoshop") or {}).get(_IPTC_RESOURCE) if image.format in ("JPEG", "MPO") else None
    if image.format == "TIFF":
        found = getattr(image, "tag_v2", {}).get(_IPTC_TAG)
    elif image.format == "PNG":
        raw = dict(_texts(image)).get("Raw profile type iptc", "")
        found = _from_hex(raw)
    return found if isinstance(found, bytes) and len(found) <= _MOST and found[:1] == b"\x1c" else b""


def _from_hex(raw: str) -> bytes:
    """ImageMagick's text of a profile: a line each for name and length, then Photoshop's resources or bare records."""
    try:
        content = bytes.fromhex("".join(raw.split("\n")[3:]))
    except ValueError:
        return b""
    if content[:6] != b"8BIM\x04\x04":
        return content
    begin = 6 + (1 + content[6] + 1) // 2 * 2
    (size,) = struct.unpack(">I", content[begin : begin + 4].rjust(4, b"\0"))
    return content[begin + 4 : begin + 4 + size]


def _texts(image: Image.Image) -> list[tuple[str, str]]:
    return list(getattr(image, "text", {}).items()) if image.format == "PNG" else []


def _telling_texts(image: Image.Image) -> Iterator[tuple[str, str]]:
    """Those of a PNG that are still true and fit: compressed, a small file can hold a thousand times as much."""
    left = _MOST
    for name, text in _texts(image):
        size = len(name.encode()) + len(text.encode())
        if size <= left and not any(each.fullmatch(name) for each in (_TEXT_NAMES, _OF_ONE_CAMERA_NAMES)):
            left -= size
            yield name, str(text)


def _segment(iptc: bytes) -> bytes:
    """A JPEG's segment of Photoshop's resources, with the records as its only one."""
    resource = _resource(iptc)
    content = b"Photoshop 3.0\0" + resource
    return b"\xff\xed" + struct.pack(">H", 2 + len(content)) + content


def _resource(iptc: bytes) -> bytes:
    return b"8BIM" + struct.pack(">HHI", _IPTC_RESOURCE, 0, len(iptc)) + iptc + b"\0" * (len(iptc) % 2)


def _chunks(told: Metadata) -> PngImagePlugin.PngInfo:
    chunks = PngImagePlugin.PngInfo()
    for name, text in told.text:
        chunks.add_itxt(name, text) if text.isascii() is False else chunks.add_text(name, text)
    if told.comment and "Comment" not in dict(told.text):
        chunks.add_itxt("Comment", told.comment.decode(errors="replace"))
    if told.xmp:
        chunks.add_itxt("XML:com.adobe.xmp", told.xmp.decode(errors="replace"))
    if told.iptc:
        resource = _resource(told.iptc)
        lines = re.findall("..{0,70}", resource.hex())
        chunks.add_text("Raw profile type iptc", "\n".join(["\niptc", f"{len(resource):8}", *lines, ""]), zip=True)
    return chunks


def _tiff(told: Metadata) -> dict[str, Any]:
    """EXIF, XMP and IPTC as tags. libtiff, which compresses, writes no tables of tags, where time and place are."""
    if not (told.exif or told.xmp or told.iptc):
        return {}
    tags = Image.Exif()
    if told.exif:
        tags.load(told.exif)
    for tag in (_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT):
        tags.pop(tag, None)  # Pillow writes them itself
    if told.xmp:
        tags[_XMP_TAG] = told.xmp
    if told.iptc:
        tags[_IPTC_TAG] = told.iptc
    tables = any(table in tags for table in (_EXIF_IFD, _GPS_IFD))
    return {"exif": tags, **({"compression": None} if tables else {})}
