"""The words that a message may say to the bot. Unknown ones are left alone."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Wish:
    """What the words of a message ask for."""

    scale: int = 4
    help: bool = False


def wish_of(text: str) -> Wish:
    """Read a message's words in any order, without its mentions and addresses."""
    words = set(re.findall(r"\w+", re.sub(r"<[^>]*>", " ", text.lower())))
    return Wish(scale=2 if words & {"2x", "x2"} else 4, help="help" in words)
