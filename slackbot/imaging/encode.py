"""From pixels back to a file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PIL import Image

from slackbot.imaging import animation, coding, colour, metadata
from slackbot.imaging.photo import Photo

Box = tuple[int, int, int, int]
_BAND = 256  # rows at a time


def save_photo(photo: Photo, path: Path, keep_metadata: bool = False) -> None:
    """Write a photo as `photo.format`, with its colour profile and density, and other metadata only where asked to.

    The photo's pictures are used up, since a copy of a large one takes 256 MB: what is done to all of their pixels is
    done in place, or the earlier picture is closed.
    """
    if photo.format.codec == "WEBP":  # which has no grey
        photo = colour.with_rgb_profile(photo)
    first = _whole(photo.image, photo.alpha, photo)
    first.info.clear()  # Pillow would write of it what it likes
    options = dict(photo.format.options) | coding.options(photo.coding, photo.format.codec)
    if photo.icc and colour.fits(photo.icc, first.mode):
        options["icc_profile"] = photo.icc
    options |= metadata.options(photo.metadata, photo.format.codec, keep_metadata)
    if photo.motion:
        rest = [_whole(image, alpha, photo) for image, alpha in photo.motion.rest]
        options |= animation.options(photo.motion, rest, photo.format.codec, photo.alpha is not None)
    first.save(path, format=photo.format.codec, **options)


def on_white(photo: Photo) -> Image.Image:
    """The photo as RGB, with white behind transparent pixels; the photo's own image if there are none."""
    if photo.alpha is None:
        return photo.image
    paper = Image.new(photo.image.mode, photo.size, "white")
    paper.paste(photo.image, mask=photo.alpha)
    return paper


def _whole(image: Image.Image, alpha: Image.Image | None, photo: Photo) -> Image.Image:
    """A picture with its alpha, in the mode to write; the image is used up."""
    if alpha is not None and not photo.format.alpha:
        mask = alpha  # pyright forgets in a lambda that it is there
        _change(image, lambda band, box: on_white(replace(photo, image=band, alpha=mask.crop(box))))
    # A profile for colours fits no grey picture, and of one with alpha Pillow writes a GIF that cannot be seen through.
    if photo.grey and (photo.format.codec == "GIF" or (photo.icc and photo.icc[16:20] == b"RGB ")):
        _change(image, lambda band, _: band.convert("L").convert("RGB"))
    elif photo.grey:
        colours, image = image, image.convert("L")
        colours.close()
    if alpha is not None and photo.format.alpha:
        if photo.format.codec == "GIF":  # a pixel of a GIF is there or not
            alpha = alpha.point([0] * 128 + [255] * 128)
        image.putalpha(alpha)
        alpha.close()
    return image


def _change(image: Image.Image, change: Callable[[Image.Image, Box], Image.Image]) -> None:
    """Replace the pixels of a picture, some rows at a time."""
    for top in range(0, image.height, _BAND):
        box = (0, top, image.width, min(top + _BAND, image.height))
        image.paste(change(image.crop(box), box), box)
