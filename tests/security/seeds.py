"""A small file of each kind of picture, and of the layouts with the most to go wrong."""

import io

import numpy as np
import pillow_heif
from PIL import Image


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
        "tiff": (picture, "TIFF", {}),
        "deflated tiff": (picture, "TIFF", {"compression": "tiff_adobe_deflate"}),
        "fax tiff": (picture.convert("1"), "TIFF", {"compression": "group4"}),
        "heic": (picture.resize((64, 64)), "HEIF", {}),
    }
    pillow_heif.register_heif_opener()
    files = {}
    for name, (image, kind, options) in made.items():
        out = io.BytesIO()
        image.save(out, kind, **options)
        files[name] = out.getvalue()
    return files
