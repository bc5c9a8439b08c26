"""Names of files: cleaned, and made for results."""

import re
import unicodedata
from pathlib import PurePosixPath


def clean_name(name: str) -> str:
    """A name without folders, control and formatting characters, at most 80 characters; never empty."""
    last = re.split(r"[/\\]", name)[-1]
    seen = (letter for letter in last if letter.isspace() or not unicodedata.category(letter).startswith("C"))
    plain = "".join(seen)
    path = PurePosixPath(" ".join(plain.split()).lstrip("."))
    stem, suffix = path.stem[: 80 - len(path.suffix[:10])], path.suffix[:10]
    return (stem + suffix) or "photo"


def result_name(name: str, scale: float, suffix: str) -> str:
    """The name of the result: `cat.jpg` -> `cat_4x.jpg`, or `cat_1.63x.jpg`."""
    return f"{PurePosixPath(name).stem or 'photo'}_{scale:g}x{suffix}"


def comparison_name(name: str, suffix: str) -> str:
    """The name of the comparison: `cat.jpg` -> `cat_compare.jpg`."""
    return f"{PurePosixPath(name).stem or 'photo'}_compare{suffix}"
