"""Moving pictures: the frames of a GIF, WebP or APNG with their times, within a budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from slackbot.limits import PhotoLimits

Frame = tuple[Image.Image, Image.Image | None]  # RGB, and alpha (L) or None


@dataclass(frozen=True)
class Motion:
    """What makes a photo move: the frames after its first, and for each frame, the first included, its milliseconds.

    `loop` is how many times it plays, 0 for ever, None where the file says nothing.
    """

    rest: tuple[Frame, ...]
    durations: tuple[int, ...]
    loop: int | None


def moves(image: Image.Image) -> bool:
    """Whether an opened file is an animation, and not just several pages."""
    return image.format in ("GIF", "PNG", "WEBP") and bool(getattr(image, "is_animated", False))


def most(size: tuple[int, int], limits: PhotoLimits) -> int:
    """How many frames of this size are within the budget at scale 2; at least one."""
    return max(1, min(limits.frames, limits.animation_pixels // (size[0] * size[1] * 2**2)))


def read(image: Image.Image, limits: PhotoLimits) -> tuple[Frame, Motion] | None:
    """The first frame of an animation and the rest; None where they are more than the budget allows at scale 2.

    Frames are counted as they come: a GIF does not say how many it has, and looking for its end may take minutes.
    """
    budget = most(image.size, limits)
    first = 1 if getattr(image, "default_image", False) else 0  # an APNG's picture for those who cannot see it move
    frames: list[Image.Image] = []
    durations: list[int] = []
    while True:
        try:
            image.seek(first + len(frames))
        except EOFError:
            break
        if len(frames) == budget:
            return None
        image.load()
        durations.append(round(image.info.get("duration") or 0))
        frames.append(image.convert("RGBA" if image.has_transparency_data else "RGB"))
    clear = any(frame.mode == "RGBA" and frame.getchannel("A").getextrema() != (255, 255) for frame in frames)
    split = [_split(frame, clear) for frame in frames]
    return split[0], Motion(tuple(split[1:]), tuple(durations), image.info.get("loop"))


def options(motion: Motion, rest: Sequence[Image.Image], clear: bool) -> dict[str, Any]:
    """What Pillow's `save` needs to write the frames; `clear` where something behind them can be seen."""
    looping = {} if motion.loop is None else {"loop": motion.loop}
    return {
        "save_all": True,
        "append_images": list(rest),
        "duration": list(motion.durations),
        "disposal": 2 if clear else 0,
        **looping,
    }


def _split(frame: Image.Image, clear: bool) -> Frame:
    if not clear:
        return frame.convert("RGB"), None
    whole = frame.convert("RGBA")
    return whole.convert("RGB"), whole.getchannel("A")
