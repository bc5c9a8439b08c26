"""Moving pictures: the frames of a GIF, WebP or APNG with their times, within a budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image, ImageOps

from slackbot.imaging import depth, metadata
from slackbot.limits import PhotoLimits

Frame = tuple[Image.Image, Image.Image | None]  # RGB, and alpha (L) or None


@dataclass(frozen=True)
class Motion:
    """What makes a photo move: the frames after its first, and for each frame, the first included, its milliseconds.

    `plays` is how many times it plays, 0 for ever.
    """

    rest: tuple[Frame, ...]
    durations: tuple[int, ...]
    plays: int = 0


def moves(image: Image.Image) -> bool:
    """Whether an opened file is an animation, and not just several pages."""
    return image.format in ("GIF", "PNG", "WEBP", "AVIF") and bool(getattr(image, "is_animated", False))


def most(size: tuple[int, int], limits: PhotoLimits) -> int:
    """How many frames of this size are within the budget as they are; at least one."""
    return max(1, min(limits.frames, limits.animation_pixels // (size[0] * size[1])))


def read(image: Image.Image, limits: PhotoLimits) -> tuple[Frame, Motion | None]:
    """The first frame of an animation, and the rest; None where they are more than the budget allows. All are upright.

    Frames are counted as they come: a GIF does not say how many it has, and looking for its end may take minutes.
    """
    frames, durations, whole = _load_all(image, most(image.size, limits))
    if not whole:
        del frames[1:]
    orientation = _orientation(image)  # now, since a PNG may tell it behind its frames
    clear = any(frame.mode == "RGBA" and frame.getchannel("A").getextrema() != (255, 255) for frame in frames)
    frames.reverse()
    # Each frame goes as it is turned and split: all twice is too much.
    split = [_split(_upright(frames.pop(), orientation), clear) for _ in range(len(frames))]
    return split[0], Motion(tuple(split[1:]), tuple(durations), _plays(image)) if whole else None


def _load_all(image: Image.Image, budget: int) -> tuple[list[Image.Image], list[int], bool]:
    """The frames up to the budget, their milliseconds, and whether these are all."""
    first = 1 if getattr(image, "default_image", False) else 0  # an APNG's picture for those who cannot see it move
    frames: list[Image.Image] = []
    durations: list[int] = []
    while True:
        try:
            image.seek(first + len(frames))
        except EOFError:
            return frames, durations, True
        if len(frames) == budget:
            return frames, durations, False
        frames.append(_load(image))
        durations.append(round(image.info.get("duration") or 0))
        frames[-1].info.clear()  # what it says of the file would find its way into the result


def _load(image: Any) -> Image.Image:
    """The frame that an image stands at. What Pillow would carry wrongly into the next one is mended."""
    before = image._prev_im.copy() if image.format == "PNG" and image._prev_im else None
    image.load()
    seen = depth.eight_bits(image) if image.mode.startswith("I") else image
    frame = seen.convert("RGBA" if seen.has_transparency_data else "RGB")
    if before is not None:
        image._prev_im = before  # loading draws the frame over it, and "back to the one before" would be this one
    elif image.format == "GIF" and image.disposal_method == 2 and image.dispose and image.mode in ("RGB", "RGBA"):
        at = 3 * image.info.get("background", 0)
        colour = tuple(image.global_palette.palette[at : at + 3]) if image.global_palette else ()
        if image._frame_transparency is None and len(colour) == 3:  # Pillow looks it up in the frame's own palette
            left, upper, right, lower = image.dispose_extent
            image.dispose = Image.core.fill("RGB", (right - left, lower - upper), colour)
    return frame


def _orientation(image: Image.Image) -> int:
    """How all frames are held, as EXIF says: from 1 to 8, where 1 is upright, or where that is not known."""
    metadata.take_xmp(image)
    try:
        found = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # Pillow raises many kinds
        return 1
    return found if found in range(1, 9) else 1


def _upright(frame: Image.Image, orientation: int) -> Image.Image:
    frame.getexif()[ExifTags.Base.Orientation] = orientation
    ImageOps.exif_transpose(frame, in_place=True)
    return frame


def options(motion: Motion, rest: Sequence[Image.Image], codec: str, clear: bool) -> dict[str, Any]:
    """What Pillow's `save` needs to write the frames; `clear` where something behind them can be seen."""
    return {
        "save_all": True,
        "append_images": list(rest),
        "duration": _times(motion.durations, codec),
        **_DISPOSAL.get((codec, clear), {}),
        **({} if codec == "GIF" and motion.plays == 1 else {"loop": _loop(motion.plays, codec)}),
    }


# A GIF's 2 clears the picture, an APNG's 2 would bring back the one before: all frames are whole, so it needs neither.
_DISPOSAL = {("GIF", True): {"disposal": 2}, ("PNG", True): {"disposal": 0, "blend": 0}}
_LONGEST = {"GIF": 655_350, "PNG": 65_535, "WEBP": 2**24 - 1}  # milliseconds of a frame that the format can say


def _times(durations: Sequence[int], codec: str) -> list[int]:
    """Milliseconds as the format can say them: a GIF counts in steps of ten, and no error adds up."""
    step, longest = 10 if codec == "GIF" else 1, _LONGEST[codec]
    times, owed = [], 0
    for duration in durations:
        time = min(max(0, round((duration + owed) / step) * step), longest)
        owed = max(-step, min(step, owed + duration - time))
        times.append(time)
    return times


def _plays(image: Image.Image) -> int:
    """A GIF says how often it is repeated, or nothing; the others how often it plays."""
    loop = image.info.get("loop")
    if image.format == "GIF":
        return 1 if loop is None else loop and loop + 1
    return loop or 0


def _loop(plays: int, codec: str) -> int:
    return min(plays - 1 if codec == "GIF" and plays else plays, 65_535)


def _split(frame: Image.Image, clear: bool) -> Frame:
    if not clear:
        return frame if frame.mode == "RGB" else frame.convert("RGB"), None
    whole = frame if frame.mode == "RGBA" else frame.convert("RGBA")
    return whole.convert("RGB"), whole.getchannel("A")
