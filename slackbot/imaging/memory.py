"""How many bytes a photo takes at most, from opening it to its written result, as a file's header lets expect.

Figures are of this process and its sandbox together, beyond what they hold at rest. Each coefficient is rounded up from
what was measured; `tests/slackbot/imaging/test_memory.py` measures it again.
"""

from slackbot.imaging.header import Header
from slackbot.imaging.photo import Facts, Plan, plan_result
from slackbot.limits import PhotoLimits

ALWAYS = 40 * 2**20
"""Bytes that any photo takes: a process to open it in, the tiles under way."""
_RGB = 4  # bytes a pixel, as Pillow stores it; alpha is one more
# Bytes for each pixel that is decoded: the codec's own, what is made of it, and what this process receives.
_OPENING = {"WEBP": 24, "AVIF": 16, "JPEG2000": 20}
SILENT = {"WEBP", "JPEG2000"}
"""Codecs that take a lack of memory for damage."""
_OPENING_USUALLY = 14
_OPENING_DEEP = 28  # grey of more than 8 bits is counted in floats
_OPENING_DEEP_HEIC = 24  # whose large tiles, as cameras write them, are there twice
_OPENING_MIXED = 24  # a palette with transparency becomes colours first, and of a PSD's white is taken away
# Bytes for each byte of the file, where it is read as a whole or may have to be repaired.
_OPENING_FILE = {"PSD": 0, "TIFF": 0, "GIF": 0}
_OPENING_FILE_USUALLY = 2
_BLEED = 10  # bytes for each pixel of a frame, while colours are found for what is transparent
_COMPARED = 8  # bytes for each pixel of a comparison
# Bytes for each pixel of a result; of an animation, for each of one frame and for each of all frames.
_WRITING = {"WEBP": 7, "TIFF": 2}
_WRITING_USUALLY = 1  # what is grey is copied as such
_WRITING_CLEAR_WEBP = 25
_WRITING_MOVING = {"PNG": (18, 4), "GIF": (22, 1), "WEBP": (25, 2)}


def peak(header: Header, wanted: float, limits: PhotoLimits, facts: Facts | None = None, compare: bool = False) -> int:
    """Bytes for a photo at the scale that `plan_result` finds for a wanted one. Raises PhotoTooLarge where it does.

    `facts` are those of the header unless another format is wanted.
    """
    facts = facts or header.facts
    plan = plan_result(facts, wanted, limits)
    return max(opening(header, limits), enlarging(facts, plan, limits, compare))


def opening(header: Header, limits: PhotoLimits) -> int:
    """Bytes while a file is opened; the sandbox has a limit of its own."""
    return ALWAYS + received(header) + min(unpacking(header), limits.decode_memory_bytes)


def received(header: Header) -> int:
    """Bytes of an opened photo in this process."""
    return _held(header.facts) * header.pixels


def unpacking(header: Header) -> int:
    """Bytes that the sandbox takes beside those."""
    return unpacked(header) - received(header)


def unpacked(header: Header) -> int:
    """Bytes that the sandbox takes in all."""
    codec = header.source.codec
    each = _OPENING.get(codec, _OPENING_USUALLY)
    if header.mode.startswith(("I", "F")):
        each = _OPENING_DEEP
    elif codec == "HEIF" and header.deep:
        each = _OPENING_DEEP_HEIC
    elif header.facts.alpha and (header.mode.startswith("P") or codec == "PSD"):
        each = _OPENING_MIXED
    file = _OPENING_FILE.get(codec, _OPENING_FILE_USUALLY) * header.file_bytes
    return each * header.pixels + file


def enlarging(facts: Facts, plan: Plan, limits: PhotoLimits, compare: bool = False) -> int:
    """Bytes while an opened photo is enlarged, compared and written."""
    frame, result_frame = _pixels(facts.size), _pixels(plan.size)
    source, result = _held(facts) * frame * facts.frames, _held(facts) * result_frame * facts.frames
    seen = _RGB * frame * facts.frames if facts.alpha else 0
    # Pillow enlarges rows first, and then columns.
    between = _held(facts) * plan.size[0] * facts.size[1]
    made = source + seen + max(result + between, _BLEED * frame if facts.alpha else 0)
    compared = source + result + _comparing(facts, result_frame, limits) if compare else 0
    written = result + _encoding(facts, plan, result_frame)
    return ALWAYS + max(made, compared, written)


def largest_scale(facts: Facts, wanted: float, limits: PhotoLimits, budget: int, compare: bool = False) -> float | None:
    """The largest scale up to the wanted one at which enlarging fits into so many bytes; None where not even 1x does.

    Raises PhotoTooLarge where `plan_result` does.
    """
    top = plan_result(facts, wanted, limits).scale
    for hundredths in range(round(100 * top), 99, -1):
        plan = plan_result(facts, hundredths / 100, limits)
        if enlarging(facts, plan, limits, compare) <= budget:
            return plan.scale
    return None


def _held(facts: Facts) -> int:
    return _RGB + facts.alpha


def _pixels(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _comparing(facts: Facts, result_frame: int, limits: PhotoLimits) -> int:
    on_white = _RGB * (result_frame + _pixels(facts.size)) if facts.alpha else 0
    return on_white + _COMPARED * min(result_frame, limits.comparison_pixels)


def _encoding(facts: Facts, plan: Plan, result_frame: int) -> int:
    """Bytes while a result is written, beside its pixels."""
    codec = plan.format.codec
    if facts.frames > 1:
        frame, of_all = _WRITING_MOVING[codec]
        return frame * result_frame + of_all * result_frame * facts.frames
    if codec == "WEBP" and (facts.alpha or facts.lossless):
        return _WRITING_CLEAR_WEBP * result_frame
    return _WRITING.get(codec, _WRITING_USUALLY) * result_frame
