"""The words that a message may say to the bot. Unknown ones are left alone."""

import re
from dataclasses import dataclass

_KINDS = {"png": "PNG", "jpeg": "JPEG", "jpg": "JPEG", "webp": "WebP"}


@dataclass(frozen=True)
class Wish:
    """What the words of a message ask for. `kind` is a key of `kinds.KINDS`, or empty for the photo's own."""

    scale: int = 4
    help: bool = False
    kind: str = ""
    compare: bool = False
    bicubic: bool = False
    metadata: bool = False
    errand: str = ""  # "status", "cancel", "watch" or "unwatch": something other than photos


def wish_of(text: str) -> Wish:
    """Read a message's words in any order, without its mentions and addresses."""
    words = re.findall(r"\w+", re.sub(r"<[^>]*>", " ", text.lower()))
    said = set(words)
    errands = [word for word in words if word in ("status", "cancel", "watch", "unwatch")]
    return Wish(
        scale=2 if said & {"2x", "x2"} else 4,
        help="help" in said,
        kind=next((_KINDS[word] for word in words if word in _KINDS), ""),
        compare="compare" in said,
        bicubic="bicubic" in said,
        metadata={"keep", "metadata"} <= said,
        errand=errands[0] if errands else "",
    )
