"""Animations: every frame enlarged, with its time, within a budget."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from slackbot.imaging.decode import open_photo
from slackbot.imaging.encode import save_photo
from slackbot.imaging.formats import FORMATS
from slackbot.inference.enhancer import Enhancer
from slackbot.inference.errors import ServerDown
from slackbot.limits import PhotoLimits, ServerLimits
from tests.slackbot.imaging.test_colour_spaces import grey_profile

DURATIONS = (100, 250, 40, 80)


class Nearest:
    """A model server in this process; `fails_at` is the number of the tile that does not come."""

    def __init__(self, fails_at: int = 10**9) -> None:
        self.done = 0
        self.fails_at = fails_at

    def check(self) -> None: ...
    def find_model(self) -> None: ...

    def enlarge(self, tile):
        self.done += 1
        if self.done == self.fails_at:
            raise ServerDown("the model server is not available")
        return tile.repeat(4, axis=0).repeat(4, axis=1), "7"


def frames_of(path) -> list[np.ndarray]:
    with Image.open(path) as image:
        found = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            found.append(np.asarray(image.convert("RGBA")).astype(int))
        return found


@pytest.fixture
def film(tmp_path, paint):
    """Write an animation of a moving square; the file."""

    def write(format: str, clear: bool = False, count: int = 4, **more):  # noqa: A002
        frames = []
        for index in range(count):
            frame = Image.new("RGBA", (48, 32), (0, 0, 0, 0)) if clear else paint(48, 32).convert("RGBA")
            ImageDraw.Draw(frame).rectangle([8 * index, 8, 8 * index + 15, 23], fill=(200, 40, 40, 255))
            frames.append(frame if clear else frame.convert("RGB"))
        path = tmp_path / f"film.{format}"
        options = {"duration": list(DURATIONS[:count]), "loop": 3, "disposal": 2 if clear else 0, **more}
        if format == "webp":
            options |= {"lossless": True}
        frames[0].save(path, format, save_all=True, append_images=frames[1:], **options)
        return path

    return write


@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize(("format", "kind", "tolerance"), [("gif", "GIF", 40), ("png", "PNG", 0), ("webp", "WebP", 40)])
def test_every_frame_is_enlarged_and_keeps_its_time(film, tmp_path, format, kind, tolerance, clear):  # noqa: A002
    path = film(format, clear)
    limits = PhotoLimits()

    enhanced = Enhancer(Nearest(), ServerLimits(), limits)(open_photo(path, limits), 4)
    result = tmp_path / "result"
    save_photo(enhanced.photo, result)
    again = open_photo(result, limits)

    assert (again.format, again.size, again.frames) == (FORMATS[kind], (192, 128), 4)
    assert again.motion
    assert again.motion.durations == DURATIONS
    assert again.motion.plays == (4 if format == "gif" else 3)  # a GIF says how often it is repeated
    for before, after in zip(frames_of(path), frames_of(result), strict=True):
        large = before.repeat(4, axis=0).repeat(4, axis=1)
        inside = np.zeros(large.shape[:2], bool)
        inside[8:-8, 8:-8] = True
        seen = inside & (large[..., 3] == 255) & (after[..., 3] == 255)
        assert np.abs(large - after)[seen][:, :3].mean() <= tolerance / 4
        assert np.abs(large[..., 3] - after[..., 3]).mean() < 10


def test_progress_counts_the_tiles_of_all_frames(film):
    told = []
    Enhancer(Nearest(), ServerLimits(), PhotoLimits())(
        open_photo(film("gif"), PhotoLimits()), 4, lambda *done: told.append(done)
    )

    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_one_failed_frame_makes_all_of_them_bicubic(film):
    photo = open_photo(film("png"), PhotoLimits())
    enhanced = Enhancer(Nearest(fails_at=3), ServerLimits(tiles_in_flight=1), PhotoLimits())(photo, 4)

    assert "not available" in enhanced.reason
    assert enhanced.photo.motion
    for before, (after, _) in zip([photo.image], [(enhanced.photo.image, None)], strict=True):
        assert after.tobytes() == before.resize(after.size, Image.Resampling.BICUBIC).tobytes()


def test_more_frames_or_pixels_than_the_budget_is_its_first_frame_and_says_so(film):
    path = film("gif")

    assert open_photo(path, PhotoLimits(frames=4)).frames == 4
    few = open_photo(path, PhotoLimits(frames=3))
    assert (few.frames, few.pages, few.uncounted, few.format) == (1, 3, True, FORMATS["PNG"])
    pixels = 48 * 32 * 4
    assert open_photo(path, PhotoLimits(animation_pixels=pixels)).frames == 4
    assert open_photo(path, PhotoLimits(animation_pixels=pixels - 1)).frames == 1


def test_an_animation_too_large_at_4x_is_2x(film):
    photo = open_photo(film("gif"), PhotoLimits())
    limits = PhotoLimits(animation_pixels=48 * 32 * 4 * 4)

    assert Enhancer(Nearest(), ServerLimits(), limits)(photo, 4).scale == 2


def test_a_kind_that_cannot_move_takes_the_first_frame(film):
    photo = open_photo(film("gif"), PhotoLimits()).written_as(FORMATS["JPEG"])

    assert (photo.frames, photo.pages) == (1, 4)


def test_an_apngs_picture_for_those_who_see_no_motion_is_no_frame(tmp_path, paint):
    path = tmp_path / "default.png"
    frames = [paint(20, 10, seed) for seed in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:], default_image=True, duration=[50, 60])

    photo = open_photo(path, PhotoLimits())

    assert photo.frames == 2
    assert photo.image.tobytes() == frames[1].tobytes()


def test_a_tiff_of_several_pages_gives_the_first(tmp_path, paint):
    pages = [paint(20, 10, seed) for seed in range(3)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])

    photo = open_photo(tmp_path / "pages.tif", PhotoLimits())

    assert (photo.pages, photo.frames, photo.format) == (3, 1, FORMATS["TIFF"])
    assert photo.image.tobytes() == pages[0].tobytes()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WebP"])
@pytest.mark.parametrize("clear", [False, True])
def test_grey_frames_stay_grey_and_as_clear_as_they_were(tmp_path, paint, kind, clear):
    frames = [paint(20, 10, seed).convert("LA" if clear else "L") for seed in range(2)]
    if clear:
        for frame in frames:
            frame.putalpha(Image.linear_gradient("L").resize(frame.size).point([0] * 128 + [255] * 128))
    photo = open_photo(_saved(frames, tmp_path / "grey.png"), PhotoLimits())
    tinted = Image.new("RGB", photo.size, (90, 99, 80))  # as a model may have it

    save_photo(replace(photo, image=tinted, format=FORMATS[kind]), tmp_path / "out")

    for before, after in zip(frames, frames_of(tmp_path / "out"), strict=True):
        alpha = np.asarray(before.convert("RGBA"))[..., 3]
        assert (after[..., 3] == alpha).all()
        assert np.ptp(after[..., :3], axis=2)[alpha > 0].max() <= (2 if kind == "WebP" else 0)


def test_grey_frames_keep_their_profile(tmp_path, paint):
    frames, icc = [paint(20, 10, seed).convert("L") for seed in range(2)], grey_profile(1.8)
    photo = open_photo(_saved(frames, tmp_path / "grey.png", icc_profile=icc), PhotoLimits())

    save_photo(photo, tmp_path / "out")

    with Image.open(tmp_path / "out") as result:
        assert (result.mode, getattr(result, "n_frames", 1), result.info["icc_profile"]) == ("L", 2, icc)
    for before, after in zip(frames, frames_of(tmp_path / "out"), strict=True):
        assert (after[..., 0] == np.asarray(before)).all()


def _saved(frames, path, **options):
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return path
