"""Every limit of a photo and of a message, at N and at N+1, through the sandbox as in the bot."""

from dataclasses import replace

import pytest
from PIL import Image

from slackbot.imaging.errors import PhotoTooLarge
from slackbot.imaging.header import read_header
from slackbot.imaging.photo import plan_result
from slackbot.imaging.sandbox import open_sandboxed
from slackbot.limits import MEGAPIXEL, PhotoLimits
from tests.png import png as headed

LIMITS = PhotoLimits()


@pytest.fixture
def drawn(tmp_path):
    """A one-coloured picture as a file."""

    def draw(width, height, kind="PNG", **options):
        path = tmp_path / "0.photo"
        Image.new("RGB", (width, height), (10, 20, 30)).save(path, kind, **options)
        return path

    return draw


def test_bytes(drawn):
    path = drawn(10, 10)
    size = path.stat().st_size
    assert open_sandboxed(path, replace(LIMITS, photo_bytes=size))
    with pytest.raises(PhotoTooLarge, match="file is too large"):
        open_sandboxed(path, replace(LIMITS, photo_bytes=size - 1))


def test_pixels(drawn):
    limits = replace(LIMITS, output_pixels=1000)
    assert open_sandboxed(drawn(100, 10), limits).size == (100, 10)
    with pytest.raises(PhotoTooLarge, match="megapixels"):
        open_sandboxed(drawn(91, 11), limits)


@pytest.mark.parametrize("most", [64, 100, 200])
def test_pixels_that_pillow_would_not_take(tmp_path, most):
    limits = replace(LIMITS, output_pixels=most * MEGAPIXEL)
    path = tmp_path / "0.photo"
    path.write_bytes(headed(most * 1000, 1000))  # just its head: as many pixels take a gigabyte
    assert read_header(path, limits).pixels == most * MEGAPIXEL

    path.write_bytes(headed(most * 1000 + 1, 1000))
    with pytest.raises(PhotoTooLarge, match=f"megapixels; I can take up to {most}"):
        read_header(path, limits)


@pytest.mark.parametrize(("kind", "side"), [("WEBP", 16_383), ("JPEG", 65_500)])
def test_sides(drawn, kind, side):
    """Longer ones are PNG."""
    own = plan_result(open_sandboxed(drawn(side // 4, 1, kind), LIMITS).facts, 4, LIMITS)
    other = plan_result(open_sandboxed(drawn(side // 4 + 1, 1, kind), LIMITS).facts, 4, LIMITS)
    assert (own.format.codec, other.format.codec) == (kind, "PNG")


def test_frames(drawn):
    limits = replace(LIMITS, frames=5)

    def moving(count):
        rest = [Image.new("RGB", (8, 8), (9 * number, 0, 0)) for number in range(1, count)]
        return drawn(8, 8, "GIF", save_all=True, append_images=rest)

    assert open_sandboxed(moving(5), limits).frames == 5
    too_many = open_sandboxed(moving(6), limits)
    assert (too_many.frames, too_many.pages, too_many.uncounted) == (1, 5, True)


@pytest.mark.system
@pytest.mark.parametrize("more", [0, 1])
def test_photos_of_one_message(workspace, start_bot, png, more):
    start_bot()
    files = [(f"{number}.png", png) for number in range(LIMITS.photos_per_message + more)]
    message = workspace.post("#photos", f"<@{workspace.bot_user}>", files=files)
    workspace.wait_for_reaction(message, "white_check_mark", 60)

    (reply,) = workspace.replies(message)
    assert len(reply.files) == LIMITS.photos_per_message
    assert ("1 more are left" in reply.text) == bool(more)
