"""Simulated people who share photos in a playground, whenever they like, and what becomes of each photo."""

import io
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from playground.testing.client import Message, PlaygroundClient

# Width, height, and of a hundred photos how many: an assumption, since nobody publishes it. Chats show pictures small,
# and most of what is shared there was saved from a screen or another chat; a photo of a phone is a hundred times that.
SIZES = ((320, 240, 40), (640, 480, 40), (1024, 768, 20))
_TOLD = re.compile(r"about (\d+) minute")


@dataclass(frozen=True)
class Share:
    """One photo. Times are in seconds; `seconds` is from the share to the reply, nan where none came."""

    load: str
    person: str
    at: float
    """since the load began"""
    megapixels: float
    seconds: float
    replies: int
    bicubic: bool
    declined: bool
    told_minutes: float
    """the wait that the person was told first, nan where none was"""
    told_after: float
    """seconds from the share until then"""


def arrivals(rate: float, seconds: float, random: np.random.Generator) -> list[float]:
    """Moments of a Poisson process of `rate` a second, in order; as many as are expected, so a short run is fair."""
    return sorted(random.uniform(0, seconds, max(1, round(rate * seconds))).tolist())


def sizes(count: int, random: np.random.Generator) -> list[tuple[int, int]]:
    """As people share them: shares as in SIZES, in any order, so that a short run has a fair mix, too."""
    shares = np.array([share for *_, share in SIZES]) / 100
    whole = np.round(np.cumsum(shares) * count).astype(int)
    mixed = [
        size
        for (width, height, _), n in zip(SIZES, np.diff(whole, prepend=0), strict=True)
        for size in [(width, height)] * n
    ]
    return [mixed[index] for index in random.permutation(len(mixed))]


def photo(width: int, height: int, seed: int) -> bytes:
    """A JPEG with soft shapes and some grain; each is another file."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    grain = random.normal(0, 4, (height, width, 1))
    file = io.BytesIO()
    Image.fromarray((np.asarray(coarse) + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=88)
    return file.getvalue()


class People:
    """They share photos in the playground, each one's photos as their own."""

    def __init__(self, workspace: PlaygroundClient, count: int, random: np.random.Generator, smaller: int = 1) -> None:
        """So many people; `smaller` divides the sides of all photos."""
        self._workspace, self._random, self._smaller = workspace, random, smaller
        self._people = [workspace.add_person(f"person{number}") for number in range(count)]
        self._shared = 0

    def share(self, moments: Sequence[float], of: Sequence[tuple[int, int]]) -> list[tuple[float, float, Message]]:
        """Share a photo of each size at each moment, whatever became of the others: (moment, megapixels, message)."""
        of = [(width // self._smaller, height // self._smaller) for width, height in of]
        photos = [photo(*size, seed=self._shared + number) for number, size in enumerate(of)]
        authors = self._random.choice(self._people, len(photos))
        self._shared += len(photos)
        begin = time.monotonic()

        def one(number: int) -> tuple[float, float, Message]:
            time.sleep(max(0.0, begin + moments[number] - time.monotonic()))
            words, name = f"<@{self._workspace.bot_user}>", f"{number}.jpg"
            message = self._workspace.post("#photos", words, [(name, photos[number])], user=str(authors[number]))
            return moments[number], of[number][0] * of[number][1] / 1e6, message

        with ThreadPoolExecutor(8) as threads:  # enough that no share waits for another
            return list(threads.map(one, range(len(photos))))

    def became(self, load: str, shared: Sequence[tuple[float, float, Message]]) -> list[Share]:
        """What became of them, once all have ended."""
        told: dict[str, tuple[float, int]] = {}
        for call in self._workspace.calls("assistant.threads.setStatus"):
            minutes = _TOLD.search(str(call["args"].get("status", "")))
            if minutes:
                told.setdefault(str(call["args"]["thread_ts"]), (call["at"], int(minutes[1])))
        return [self._became(load, *one, told.get(one[2].ts)) for one in shared]

    def _became(
        self, load: str, at: float, megapixels: float, message: Message, told: tuple[float, int] | None
    ) -> Share:
        replies = self._workspace.replies(message)
        text = replies[0].text if replies else ""
        return Share(
            load=load,
            person=str(message.data["user"]),
            at=at,
            megapixels=megapixels,
            seconds=float(replies[0].ts) - float(message.ts) if replies else float("nan"),
            replies=len(replies),
            bicubic="bicubic" in text,
            declined="at capacity" in text,
            told_minutes=told[1] if told else float("nan"),
            told_after=told[0] - float(message.ts) if told else float("nan"),
        )
