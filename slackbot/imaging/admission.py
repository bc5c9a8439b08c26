"""What a photo gets of the memory there is: how far it may be enlarged, and how much its opening may take."""

import math
from dataclasses import dataclass, replace

from slackbot.imaging import memory
from slackbot.imaging.errors import GivenUp, TooMuchMemory
from slackbot.imaging.header import Header
from slackbot.imaging.photo import Facts, plan_result
from slackbot.limits import MEGAPIXEL, PhotoLimits

SAME_SIZE, ALL = 2, 3
"""Kills: after so many a photo is not tried again at the same size; after so many, not at all."""
_LESS = 2
"""After SAME_SIZE kills it gets this fraction, one in so many, of the memory that it was expected to take."""
_TIMED = 10 * MEGAPIXEL
"""Pixels that the limits of time are for. JPEG 2000 takes longest: 0.4 seconds of computing for each million."""


@dataclass(frozen=True)
class Admission:
    """`size` is how many bytes the photo takes at most, `limits` are those to open it with.

    `lessened` says that there is memory for this scale, and not for the one that was wanted.
    """

    size: int
    scale: float
    limits: PhotoLimits
    lessened: bool = False


def admit(
    header: Header,
    facts: Facts,
    wanted: float,
    limits: PhotoLimits,
    budget: int,
    compare: bool = False,
    kills: int = 0,
) -> Admission:
    """How a photo is done within so many bytes. `kills` is how often the process was killed while it was at this one.

    Raises TooMuchMemory where they are not enough for 1x, GivenUp after too many kills, PhotoTooLarge as `plan_result`.
    """
    to_open = _to_open(header, limits, budget)
    scale = _scale(facts, wanted, limits, budget, compare, kills)
    size = min(budget, memory.peak(header, scale, to_open, facts, compare))
    return Admission(size, scale, to_open, lessened=scale < plan_result(facts, wanted, limits).scale)


def _to_open(header: Header, limits: PhotoLimits, budget: int) -> PhotoLimits:
    """The limits with as much memory and time as a file needs to be opened. Raises TooMuchMemory."""
    left = budget - memory.ALWAYS - memory.received(header)
    if left <= 0:
        raise TooMuchMemory
    # A codec that needs more than is usual gets it, or what there is. Where less is needed, the usual limit stays:
    # it is one of address space, of which a process reserves more than it uses. What is received here is held there,
    # too, while it is unpacked, and here only afterwards.
    enough = memory.unpacking(header) <= left
    most = max(limits.decode_memory_bytes, memory.unpacked(header)) if enough else left
    longer = max(1.0, header.pixels / _TIMED)
    return replace(
        limits,
        decode_memory_bytes=most,
        decode_cpu_seconds=math.ceil(longer * limits.decode_cpu_seconds),
        decode_seconds=longer * limits.decode_seconds,
    )


def _scale(facts: Facts, wanted: float, limits: PhotoLimits, budget: int, compare: bool, kills: int) -> float:
    """The largest scale, up to the wanted one, for which there is memory; a smaller one after two kills.

    Raises TooMuchMemory and GivenUp.
    """
    full = plan_result(facts, wanted, limits)
    if kills >= ALL or (kills == SAME_SIZE and full.scale == 1):
        raise GivenUp
    if kills == SAME_SIZE:
        less = memory.enlarging(facts, full, limits, compare) // _LESS
        return memory.largest_scale(facts, wanted, limits, min(budget, less), compare) or 1
    scale = memory.largest_scale(facts, wanted, limits, budget, compare)
    if scale is None:
        raise TooMuchMemory
    return scale
