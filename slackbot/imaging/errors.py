"""Why a file cannot be enhanced. Each error has its sentence, which follows the file's name and a colon.

PhotoError             this file cannot be enhanced
├── EmptyFile
├── NotAPhoto
├── UnreadableKind
├── DamagedPhoto
├── GivenUp
└── PhotoTooLarge
    └── TooMuchMemory
"""

# ruff: noqa: N818 - the names say what is wrong

from slackbot.errors import BotError
from slackbot.imaging.formats import known_formats
from slackbot.limits import MEGAPIXEL

EMPTY_FILE = "the file is empty (0 bytes)."
NOT_A_PHOTO = f"this is not a picture I know. I can enhance {known_formats}."
DAMAGED = "the picture is damaged or cut short, so I cannot open it. Please try sharing it again."
UNREADABLE_KIND = "it is stored in a rarer way that I can't read. Please share it as JPEG or PNG."
RAW_FILE = "it is a camera's raw file, which I can't develop. Please share it as JPEG, HEIC or PNG."
UNPACKS_TOO_LARGE = "it unpacks to far more pixels than I can take."
TOO_MUCH_MEMORY = "it takes more memory to open than I can spare."
TOO_MUCH_TIME = "it takes more time to open than I can spare."
MORE_THAN_THERE_IS = "even as it is, it takes more memory than I have."
GIVEN_UP = "each time I worked on it I was cut off, so I leave it. A smaller photo may work."


def too_many_bytes(most: int) -> str:
    """For a file of more than `most` bytes."""
    return f"the file is too large; I can take up to {most // 2**20} MB."


def too_many_pixels(size: tuple[int, int], most: int) -> str:
    """For a photo of more than `most` pixels."""
    megapixels = size[0] * size[1] / MEGAPIXEL
    return f"it is {sides(size)}, or {megapixels:.1f} megapixels; I can take up to {most / MEGAPIXEL:g}."


def sides(size: tuple[int, int]) -> str:
    """A size as people write it."""
    return f"{size[0]} × {size[1]}"


class PhotoError(BotError):
    """This file cannot be enhanced."""


class EmptyFile(PhotoError):
    """No bytes at all."""

    sentence = EMPTY_FILE


class NotAPhoto(PhotoError):
    """The content is in no picture format that the bot knows, whatever the name says."""

    sentence = NOT_A_PHOTO


class UnreadableKind(PhotoError):
    """A picture in a format that the bot knows, stored in a way that it cannot read."""

    sentence = UNREADABLE_KIND


class DamagedPhoto(PhotoError):
    """It begins like a picture and cannot be read to its end."""

    sentence = DAMAGED


class PhotoTooLarge(PhotoError):
    """More bytes, pixels or length of a side than the limits allow, or more memory or time to open."""


class TooMuchMemory(PhotoTooLarge):
    """More memory than the bot has for photos, even at 1x."""

    sentence = MORE_THAN_THERE_IS


class GivenUp(PhotoError):
    """The process was killed again and again while it worked on this one."""

    sentence = GIVEN_UP
