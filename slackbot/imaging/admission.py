"""What a photo gets of the memory there is: how far it may be enlarged, and how much its opening may take."""

from dataclasses import dataclass, replace

from slackbot.imaging import memory
from slackbot.imaging.errors import GivenUp, TooMuchMemory
from slackbot.imaging.header import Header
from slackbot.imaging.photo import Facts, plan_result
from slackbot.limits import PhotoLimits

SAME_SIZE, ALL = 2, 3
"""Kills: after so many a photo is not tried again at the same size; after so many, not at all."""


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
    left = budget - memory.ALWAYS - memory.received(header)
    if left <= 0:
        raise TooMuchMemory
    # A codec that needs more than is usual gets it, or what there is. Where less is needed, the usual limit stays:
    # it is one of address space, of which a process reserves more than it uses. What is received here is held there,
    # too, while it is unpacked, and here only afterwards.
    needed = memory.unpacking(header)
    usual = max(limits.decode_memory_bytes, memory.unpacked(header)) if needed <= left else left
    limits = replace(limits, decode_memory_bytes=usual)
    full = plan_result(facts, wanted, limits)
    most = min(budget, memory.enlarging(facts, full, limits, compare) // (2 if kills >= SAME_SIZE else 1))
    scale = memory.largest_scale(facts, wanted, limits, most, compare)
    if kills:
        scale = _after_kills(scale, full.scale, kills)
    if scale is None:
        raise TooMuchMemory
    size = min(budget, memory.peak(header, scale, limits, facts, compare))
    return Admission(size, scale, limits, lessened=scale < full.scale)


def _after_kills(scale: float | None, full: float, kills: int) -> float | None:
    """Smaller than what the process was killed at twice, where there is such a scale. Raises GivenUp."""
    if kills >= ALL or (kills == SAME_SIZE and full == 1):
        raise GivenUp
    return scale or 1 if kills == SAME_SIZE else scale
