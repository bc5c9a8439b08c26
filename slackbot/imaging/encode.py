"""From pixels back to a file."""

from dataclasses import replace
from pathlib import Path

from PIL import Image

from slackbot.imaging import animation, coding, colour, metadata
from slackbot.imaging.photo import Photo


def save_photo(photo: Photo, path: Path, keep_metadata: bool = False) -> None:
    """Write a photo as `photo.format`, with its colour profile and density, and other metadata only where asked to.

    The photo's pictures are used up: alpha goes into the image in place, since a copy of a large one takes 256 MB.
    """
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
        image = on_white(replace(photo, image=image, alpha=alpha))
    if photo.grey:
        image = image.convert("L")
        if photo.icc and photo.icc[16:20] == b"RGB ":  # the profile fits no grey picture
            image = image.convert("RGB")
    if alpha is not None and photo.format.alpha:
        if photo.format.codec == "GIF":  # a pixel of a GIF is there or not
            alpha = alpha.point([0] * 128 + [255] * 128)
        image.putalpha(alpha)
        alpha.close()
    return image
