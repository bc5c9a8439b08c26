"""The first look at a file takes little memory, and none that was not asked for where it takes more."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from slackbot.imaging import memory
from slackbot.imaging.errors import DamagedPhoto, NotAPhoto, PhotoTooLarge
from slackbot.imaging.first_look import LITTLE, first_look
from slackbot.imaging.header import Seen
from slackbot.limits import PhotoLimits
from tests.many_strips import many_strips

LIMITS, MIB = PhotoLimits(), 2**20
MOST = memory.ALWAYS + LIMITS.decode_memory_bytes


class Given:
    """Gives all the memory that it is asked for, and remembers how much that was."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    @contextlib.contextmanager
    def __call__(self, size: int) -> Iterator[None]:
        self.sizes.append(size)
        yield


@pytest.fixture
def given() -> Given:
    return Given()


@pytest.fixture
def seen(tmp_path: Path, given: Given):
    """What is seen of a file of these bytes, and the least that its opening takes."""

    def look(content: bytes, total: int = 1024 * MIB) -> tuple[Seen, int]:
        path = tmp_path / "0.photo"
        path.write_bytes(content)
        return first_look(path, LIMITS, lambda: total, given)

    return look


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WebP", "TIFF", "JPEG2000", "HEIF"])
def test_little_is_enough_for_a_small_photo(seen, given, paint, encode, kind):
    """AVIF is left out: its codec has a thread for each processor, and each thread takes room for a stack."""
    pillow_heif.register_heif_opener()
    file, least = seen(encode(paint(1024, 1024), kind))

    assert file.take().size == (1024, 1024)
    assert (given.sizes, least) == ([], 0)


def test_little_is_enough_for_the_header_of_a_large_one(seen, given, encode):
    file, least = seen(encode(Image.new("RGB", (8000, 8000)), "JPEG"))

    assert file.header.pixels == 64_000_000
    assert (given.sizes, least) == ([], 0)


def test_a_file_that_needs_more_asks_for_it(seen, given):
    file, least = seen(many_strips(400_000))

    assert file.take().size == (16, 16)
    assert (given.sizes, least) == ([MOST], MOST)


def test_no_file_asks_for_more_than_there_is(seen, given):
    seen(many_strips(400_000), 400 * MIB)
    with pytest.raises(PhotoTooLarge, match="memory"):
        seen(many_strips(400_000), memory.ALWAYS + LITTLE)

    assert given.sizes == [400 * MIB]


def test_what_is_no_matter_of_memory_is_not_looked_at_twice(seen, given):
    with pytest.raises(NotAPhoto):
        seen(b"no picture at all")

    assert given.sizes == []


def test_a_damaged_file_is_looked_at_again_and_is_damaged(seen, given, paint, encode):
    """A codec may take a lack of memory for damage."""
    with pytest.raises(DamagedPhoto):
        seen(encode(paint(60, 40))[:60])

    assert given.sizes == [MOST]
