"""The words that a message may say to the bot. Unknown ones are left alone."""

import re
from collections.abc import Sequence
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
    return Wish(
        scale=2 if said & {"2x", "x2"} else 4,
        help="help" in said,
        kind=next((_KINDS[word] for word in words if word in _KINDS), ""),
        compare="compare" in said,
        bicubic="bicubic" in said,
        metadata={"keep", "metadata"} <= said,
        errand=_errand([word for word in words if word != "please"]),
    )


def _errand(words: Sequence[str]) -> str:
    """What a short message asks for besides photos; "what a nice watch" means something else."""
    if words and words[0] in ("watch", "unwatch") and len(words) <= 3:
        return words[0]
    return next((word for word in words if word in ("status", "cancel")), "") if len(words) <= 5 else ""
