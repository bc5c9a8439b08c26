"""A photo is done within the memory there is: as wanted, smaller, or not at all; and smaller after it killed twice."""

import pytest

from slackbot.imaging import memory
from slackbot.imaging.admission import admit
from slackbot.imaging.errors import GivenUp, PhotoTooLarge, TooMuchMemory
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.header import Header, read_header
from slackbot.imaging.photo import Facts, plan_result
from slackbot.imaging.sandbox import look_sandboxed, open_sandboxed
from slackbot.limits import PhotoLimits

LIMITS = PhotoLimits()
MIB, PLENTY = 2**20, 2**33


def header(megapixels: float, kind: str = "PNG", alpha: bool = False) -> Header:
    size = (int((megapixels * 1e6 * 4 / 3) ** 0.5), int((megapixels * 1e6 * 3 / 4) ** 0.5))
    fmt = FORMATS[kind]
    return Header(Facts(size, fmt, alpha=alpha), fmt, "RGBA" if alpha else "RGB", size[0] * size[1], MIB)


def admitted(header: Header, budget: int, scale: float = 4, kills: int = 0):
    return admit(header, header.facts, scale, LIMITS, budget, kills=kills)


def test_with_plenty_a_photo_is_done_as_wanted():
    for megapixels in (0.1, 4, 16, 64):
        photo = header(megapixels)
        given = admitted(photo, PLENTY)
        assert given.size == memory.peak(photo, 4, given.limits)
        assert (given.scale, given.lessened) == (plan_result(photo.facts, 4, LIMITS).scale, False)


def test_a_photo_that_takes_more_than_there_is_becomes_as_large_as_fits():
    photo = header(16, alpha=True)
    given = admitted(photo, 500 * MIB)
    assert 1 < given.scale < 2
    assert given.lessened
    assert given.size <= 500 * MIB
    assert memory.peak(photo, given.scale + 0.05, LIMITS) > 500 * MIB


def test_one_that_does_not_fit_as_it_is_gets_its_sentence():
    with pytest.raises(TooMuchMemory, match="memory"):
        admitted(header(16), 150 * MIB)
    with pytest.raises(TooMuchMemory):
        admitted(header(16), 20 * MIB)


def test_opening_gets_what_it_needs_where_that_is_there_and_never_more():
    photo = header(48, "WebP")
    assert memory.unpacking(photo) > LIMITS.decode_memory_bytes
    assert admitted(photo, PLENTY).limits.decode_memory_bytes == memory.unpacked(photo)
    assert admitted(header(4), PLENTY).limits == LIMITS

    little = admitted(photo, 800 * MIB)
    assert little.limits.decode_memory_bytes < memory.unpacking(photo)
    assert memory.opening(photo, little.limits) <= 800 * MIB


@pytest.mark.parametrize(("megapixels", "times"), [(4, 1), (9.9, 1), (28, 2.8), (64, 6.4)])
def test_opening_gets_time_by_its_pixels(megapixels, times):
    given = admitted(header(megapixels, "JPEG 2000"), PLENTY).limits

    assert given.decode_cpu_seconds == pytest.approx(times * LIMITS.decode_cpu_seconds, abs=1)
    assert given.decode_seconds == pytest.approx(times * LIMITS.decode_seconds, rel=0.01)


def test_a_photo_opens_where_there_is_hardly_more_than_it_takes(tmp_path, encode, paint):
    path = tmp_path / "0.photo"
    path.write_bytes(encode(paint(1640, 1230).convert("RGBA")))
    photo = read_header(path, LIMITS)
    given = admitted(photo, memory.peak(photo, 2, LIMITS), 2)

    assert (given.scale, given.lessened) == (2, False)
    assert open_sandboxed(path, given.limits).size == (1640, 1230)


@pytest.mark.parametrize(
    ("kind", "size", "options"),
    [("WebP", (8000, 6000), {"quality": 50, "method": 0}), ("JPEG 2000", (6600, 4950), {"quality_layers": [40]})],
    ids=["WebP", "JPEG 2000"],
)
def test_a_kind_that_takes_more_than_is_usual_opens_where_there_is_memory(tmp_path, encode, paint, kind, size, options):
    path = tmp_path / "0.photo"
    path.write_bytes(encode(paint(*size), FORMATS[kind].codec, **options))
    photo = look_sandboxed(path, LIMITS).header
    with pytest.raises(PhotoTooLarge, match="memory"):
        open_sandboxed(path, LIMITS)

    assert open_sandboxed(path, admitted(photo, PLENTY).limits).size == size


@pytest.mark.parametrize("megapixels", [0.01, 4, 20])
def test_after_two_kills_it_is_smaller_and_after_three_it_is_given_up(megapixels):
    photo = header(megapixels)
    full = admitted(photo, PLENTY)
    assert admitted(photo, PLENTY, kills=1) == full
    second = admitted(photo, PLENTY, kills=2)
    assert 1 <= second.scale < full.scale
    assert second.lessened
    with pytest.raises(GivenUp):
        admitted(photo, PLENTY, kills=3)


def test_what_cannot_be_smaller_is_given_up_after_two_kills():
    with pytest.raises(GivenUp):
        admitted(header(64), PLENTY, kills=2)
