"""A small file of each kind of picture, and of the layouts with the most to go wrong."""

import io
import struct

import numpy as np
import pillow_heif
from PIL import Image

from docs.sample_files import psd

_BIT_FIELDS = struct.pack("<2sIHHI", b"BM", 838, 0, 0, 70)
_BIT_FIELDS += struct.pack("<IiiHHIIiiII4I", 56, 16, 12, 1, 32, 3, 0, 0, 0, 0, 0, 0xFF0000, 0x7F00, 0xFF, 0xFF000000)


def seeds() -> dict[str, bytes]:
    """Their bytes by name."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8))
    clear = picture.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(picture.size))
    moving = {"save_all": True, "append_images": [picture.rotate(90), picture.rotate(180)], "duration": 40}
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    made = {
        "jpeg": (picture, "JPEG", {"exif": exif}),
        "progressive jpeg": (picture, "JPEG", {"progressive": True}),
        "cmyk jpeg": (picture.convert("CMYK"), "JPEG", {}),
        "png": (picture, "PNG", {"exif": exif}),
        "clear png": (clear, "PNG", {}),
        "palette png": (picture.quantize(16), "PNG", {}),
        "16-bit png": (Image.fromarray(np.arange(192, dtype=np.uint16).reshape(12, 16) * 300), "PNG", {}),
        "apng": (picture, "PNG", moving),
        "gif": (picture, "GIF", moving),
        "webp": (clear, "WEBP", {}),
        "moving webp": (picture, "WEBP", moving),
        "bmp": (picture, "BMP", {}),
        "big tiff": (picture, "TIFF", {"big_tiff": True}),
        "tiff": (picture, "TIFF", {}),
        "deflated tiff": (picture, "TIFF", {"compression": "tiff_adobe_deflate"}),
        "fax tiff": (picture.convert("1"), "TIFF", {"compression": "group4"}),
        "avif": (clear, "AVIF", {"exif": exif}),
        "moving avif": (picture, "AVIF", moving),
        "jpeg 2000": (clear, "JPEG2000", {}),
        "heic": (picture.resize((64, 64)), "HEIF", {}),
    }
    pillow_heif.register_heif_opener()
    files = {}
    for name, (image, kind, options) in made.items():
        out = io.BytesIO()
        image.save(out, kind, **options)
        files[name] = out.getvalue()
    files["photoshop"] = psd(clear, -1)
    files["png without its end"] = files["png"][:-20]
    files["jpeg without its end"] = files["jpeg"][:-2]
    # Masks that Pillow does not know: the green one is a bit narrower.
    files["bmp of bit fields"] = _BIT_FIELDS + bytes(range(256)) * 3
    return files
