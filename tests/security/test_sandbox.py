"""The process that opens pictures crashes, hangs, eats or lies; that costs one sentence, and the next photo works."""

import contextlib
import pickle
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import FrameType, ModuleType

import pytest
from PIL import Image, ImageCms

from slackbot.imaging.comparison import comparison
from slackbot.imaging.decode import open_photo
from slackbot.imaging.encode import save_photo
from slackbot.imaging.errors import TOO_MUCH_TIME, DamagedPhoto, NotAPhoto, PhotoTooLarge
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.header import read_header
from slackbot.imaging.sandbox import look_sandboxed, open_sandboxed
from slackbot.limits import PhotoLimits
from tests.security import hostile_openers
from tests.slackbot.imaging.test_colour_spaces import grey_profile

# Time by the clock never runs out here, also on a busy machine: what ends a codec is what the test is about.
LIMITS = replace(PhotoLimits(), decode_cpu_seconds=1, decode_seconds=600)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "0.photo"
    Image.effect_mandelbrot((60, 40), (-2, -1, 1, 1), 20).convert("RGB").save(path, "PNG")
    return path


@pytest.mark.parametrize(
    ("opener", "error"),
    [
        (hostile_openers.crash, DamagedPhoto),
        (hostile_openers.vanish, DamagedPhoto),
        (hostile_openers.tell_much, DamagedPhoto),
        (hostile_openers.surprise, DamagedPhoto),
        (hostile_openers.talk, DamagedPhoto),
        (hostile_openers.eat, PhotoTooLarge),
    ],
)
def test_a_bad_codec_costs_one_sentence(photo, opener, error):
    # Memory is to run out before computing time does, on a busy machine too.
    little_memory = replace(LIMITS, decode_memory_bytes=120 * 2**20, decode_cpu_seconds=20)
    limits = little_memory if error is PhotoTooLarge else LIMITS
    with pytest.raises(error) as caught:
        open_sandboxed(photo, limits, opener)

    assert str(caught.value).endswith(".")
    assert open_sandboxed(photo, LIMITS).size == (60, 40)


@pytest.mark.parametrize(
    ("opener", "limits"),
    [
        (hostile_openers.spin, LIMITS),  # the kernel's second of CPU time
        (hostile_openers.sleep, replace(LIMITS, decode_seconds=1.0)),
    ],
)
def test_one_that_takes_too_long_is_killed_and_not_called_damaged(photo, opener, limits):
    with pytest.raises(PhotoTooLarge, match=re.escape(TOO_MUCH_TIME)):
        open_sandboxed(photo, limits, opener)


def test_nothing_that_comes_back_is_run(photo):
    reached = photo.with_name("0.photo.reached")
    with pytest.raises(DamagedPhoto):
        open_sandboxed(photo, LIMITS, hostile_openers.reach)
    assert not reached.exists()

    pickle.loads(pickle.dumps(hostile_openers.reach(photo, LIMITS)))
    assert reached.exists(), "it would run, where anybody let it"


def test_memory_is_enough_for_the_largest_photo_and_no_more(photo):
    limits = PhotoLimits()
    side = int((limits.output_pixels / 4) ** 0.5)
    Image.new("RGBA", (side, side), (1, 2, 3, 4)).save(photo, "PNG")
    assert open_sandboxed(photo, limits).size == (side, side)

    with pytest.raises(PhotoTooLarge, match="memory"):
        open_sandboxed(photo, replace(limits, decode_memory_bytes=100 * 2**20))


def test_a_photo_is_the_same_in_the_sandbox_and_out_of_it(photo):
    moving = {"save_all": True, "append_images": [Image.new("RGB", (60, 40))]}
    for name, options in (("a.gif", moving), ("b.png", {})):
        path = photo.with_name(name)
        Image.open(photo).save(path, **options)
        inside, outside = open_sandboxed(path, LIMITS), open_photo(path, LIMITS)
        assert inside.image.tobytes() == outside.image.tobytes()
        assert (inside.format, inside.pages, inside.frames) == (outside.format, outside.pages, outside.frames)
        assert inside.format is outside.format


@pytest.mark.parametrize(("side", "comes"), [(1024, True), (1025, False)])
def test_a_small_photo_comes_with_the_first_look(photo, side, comes):
    Image.effect_mandelbrot((side, 1024), (-2, -1, 1, 1), 20).convert("RGB").save(photo, "PNG")
    seen = look_sandboxed(photo, LIMITS)
    assert seen.header == read_header(photo, LIMITS)
    given = seen.take()
    assert (given is not None) is comes
    assert given is None or given.image.tobytes() == open_photo(photo, LIMITS).image.tobytes()
    assert seen.take() is None


@pytest.mark.parametrize("opened", [look_sandboxed, open_sandboxed])
def test_sentences_come_out_as_they_are(photo, opened):
    whole = photo.read_bytes()
    photo.write_bytes(b"words")
    with pytest.raises(NotAPhoto, match="not a picture I know"):
        opened(photo, LIMITS)
    photo.write_bytes(whole[:60])
    with pytest.raises(DamagedPhoto):
        opened(photo, LIMITS)


@contextlib.contextmanager
def calls_into(module: ModuleType) -> Iterator[list[str]]:
    """The names of the module's functions that are called in this thread, to the end of a `with`."""
    called: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename == module.__file__:
            called.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(None)


def test_a_colour_profile_is_read_in_the_sandbox_alone(photo):
    """Also one for grey, of a result that has to have colours."""
    icc = grey_profile(1.8)
    Image.linear_gradient("L").resize((60, 40)).save(photo, "PNG", icc_profile=icc)
    before = open_sandboxed(photo, LIMITS)
    after = replace(before, image=before.image.resize((240, 160)))
    sheet, result = photo.with_name("sheet"), photo.with_name("result")

    with calls_into(ImageCms) as called:
        save_photo(comparison(before, after, LIMITS), sheet)
        save_photo(after.written_as(FORMATS["WebP"]), result)

    assert before.icc == icc
    assert called == []
    for file in (sheet, result):
        with Image.open(file) as written:
            assert written.info["icc_profile"][16:20] == b"RGB "
    with calls_into(ImageCms) as called:
        open_photo(photo, LIMITS)
    assert called, "it would be noticed"
