"""Pictures of another depth than 8 bits as 8 bits, where Pillow leaves them as they are or mixes up the two."""

from typing import Any

import numpy as np
from PIL import Image

_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # TIFF 6.0
_WHITE_IS_ZERO, _SIGNED = 0, 2


def scale_transparency(image: Any) -> None:
    """Give the transparent colour of an opened PNG (tRNS) the depth that its pixels will have.

    Pillow keeps it as it is in the file. Of 16 bits a channel of colour the upper 8 decide.
    """
    colour, raw = image.info.get("transparency"), image.tile[0].args if image.tile else ""
    if colour is None:
        return
    if raw in ("L;2", "L;4"):
        highest = 3 if raw == "L;2" else 15
        image.info["transparency"] = (colour & highest) * (255 // highest)
    elif raw == "RGB;16B":
        image.info["transparency"] = tuple(channel >> 8 for channel in colour)


def eight_bits(image: Image.Image) -> Image.Image:
    """A loaded picture of one deep channel (Pillow's modes I and F) as L, or as LA where one value is transparent.

    Whole numbers are as bright as their depth says, signed ones from 0 on. For those of 32 bits, and for floats, there
    is no custom: 65535 or 1 is white, or, where the picture has larger ones, the largest.
    """
    tags: Any = getattr(image, "tag_v2", {})
    samples = np.asarray(image)
    bits, signed = tags.get(_BITS, (16,))[0], tags.get(_SAMPLE_FORMAT, (1,))[0] == _SIGNED
    if image.mode == "I" and bits == 32 and not signed:
        samples = samples.view(np.uint32)  # Pillow has no mode for these
    values = samples.astype(np.float64)
    if bits == 32:
        least = 1.0 if image.mode == "F" else 65_535.0
        highest = max(least, float(values.max(where=np.isfinite(values), initial=0.0)))
    else:
        highest = 2.0 ** (bits - signed) - 1
    if tags and tags.get(_PHOTOMETRIC, _WHITE_IS_ZERO) == _WHITE_IS_ZERO:
        np.subtract(highest, values, out=values)
    values *= 255 / highest
    np.nan_to_num(values, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
    grey = Image.fromarray(values.clip(0, 255, out=values).round(out=values).astype(np.uint8))
    clear = image.info.get("transparency")
    if clear is not None:
        grey.putalpha(Image.fromarray((samples != clear) * np.uint8(255)))
    return grey
