"""The way from pixels to more pixels, over a real gRPC server."""

import math
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from slackbot.errors import JobCancelled
from slackbot.imaging.alpha_bleed import bleed
from slackbot.imaging.animation import Motion
from slackbot.imaging.errors import PhotoTooLarge
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.photo import Photo
from slackbot.inference.endpoint import Endpoint
from slackbot.inference.enhancer import Enhancer
from slackbot.inference.errors import SERVER_TOO_SLOW, ServerDown, ServerInvalid, ServerSlow
from slackbot.inference.tiled_upscale import enlarge
from slackbot.inference.triton import ModelServer
from slackbot.limits import PhotoLimits, ServerLimits

IMPATIENT = ServerLimits(tile_seconds=2.0, breaker_seconds=0.3, probe_seconds=1.0)
# What else the machine does is no failure of the server.
PATIENT = ServerLimits(tile_seconds=60.0, probe_seconds=30.0)


def photo_of(image: Image.Image, **more) -> Photo:
    return Photo(image, FORMATS["PNG"], **more)


@pytest.fixture
def server(model):
    server = ModelServer(Endpoint(model.address), PATIENT)
    yield server
    server.close()


@pytest.fixture
def hasty(model):
    server = ModelServer(Endpoint(model.address), IMPATIENT)
    yield server
    server.close()


@pytest.fixture
def enhancer(server):
    return Enhancer(server, PATIENT, PhotoLimits())


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (256, 256), (257, 255), (700, 530)])
def test_tiles_make_the_whole_picture(enhancer, paint, size):
    image = paint(*size)
    done = []

    result = enhancer(photo_of(image), 4, lambda *progress: done.append(progress))

    width, height = size
    expected = image.resize((width * 4, height * 4), Image.Resampling.NEAREST)
    assert result.photo.image.tobytes() == expected.tobytes()
    assert (result.version, result.reason, result.scale) == ("7", "", 4)
    tiles = done[-1][1]
    assert set(done) - {(0, tiles)} == {(index + 1, tiles) for index in range(tiles)}
    assert done == sorted(done)


def test_all_tiles_of_a_photo_have_one_shape_and_none_is_padded(enhancer, model, paint):
    enhancer(photo_of(paint(700, 100)), 4)

    assert set(model.shapes) == {(1, 100, 200, 3)}  # (700 + 3 * overlap) / 4, in steps of 8


def test_2x_is_the_reduced_4x_without_seams(enhancer, paint):
    image = paint(700, 300)
    whole = image.resize((2800, 1200), Image.Resampling.NEAREST).resize((1400, 600), Image.Resampling.LANCZOS)

    result = enhancer(photo_of(image), 2)

    difference = np.abs(np.asarray(result.photo.image, np.int16) - np.asarray(whole, np.int16))
    assert difference.max() <= 1


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ("wrong shape", ServerInvalid),
        ("wrong type", ServerInvalid),
        ("garbage", ServerInvalid),
        ("error", ServerInvalid),
    ],
)
def test_every_wrong_answer_is_a_server_error(server, model, behaviour, error):
    model.behaviour = behaviour

    with pytest.raises(error):
        server.enlarge(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(error):
        server.check()


def test_no_answer_in_time_is_a_server_error(hasty, model):
    model.behaviour = "slow"

    with pytest.raises(ServerSlow):
        hasty.enlarge(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ServerSlow):
        hasty.check()


def test_the_contract_is_checked(server, model):
    server.check()
    model.behaviour = "wrong contract"

    with pytest.raises(ServerInvalid, match="other inputs or outputs than pixels"):
        server.check()


def test_a_full_queue_is_waited_for(server, model):
    model.behaviour = "full"

    enlarged, _ = server.enlarge(np.full((8, 8, 3), 5, np.uint8))

    assert enlarged.shape == (32, 32, 3)


def test_no_server_is_down(model):
    model.stop()
    server = ModelServer(Endpoint(model.address), PATIENT)

    with pytest.raises(ServerDown):
        server.enlarge(np.zeros((8, 8, 3), np.uint8))
    server.close()


def test_the_breaker_spares_later_photos_the_wait(hasty, model, paint):
    enhancer = Enhancer(hasty, replace(IMPATIENT, breaker_seconds=600), PhotoLimits())
    photo = photo_of(paint(30, 20))
    model.behaviour = "slow"
    assert "in time" in enhancer(photo, 4).reason

    asked = model.asked
    bicubic = enhancer(photo, 4)
    assert model.asked == asked
    assert "not available" in bicubic.reason
    assert bicubic.photo.image.tobytes() == photo.image.resize((120, 80), Image.Resampling.BICUBIC).tobytes()


def test_the_breaker_closes_again_once_a_small_tile_is_answered(hasty, model, paint):
    enhancer = Enhancer(hasty, IMPATIENT, PhotoLimits())
    photo = photo_of(paint(700, 530))
    model.behaviour = "slow"
    assert "in time" in enhancer(photo, 4).reason

    time.sleep(IMPATIENT.breaker_seconds)
    asked, probes = model.asked, model.probes
    assert enhancer(photo, 4).reason
    assert (model.asked, model.probes) == (asked, probes + 1), "one tile to try with, and no photo"

    model.behaviour = "well"
    while not (result := enhancer(photo, 4)).version:
        time.sleep(0.1)
    assert result.reason == ""


def test_a_busy_server_is_available_and_one_that_failed_is_not(hasty, model, paint):
    enhancer = Enhancer(hasty, IMPATIENT, PhotoLimits())
    model.behaviour = "slow"
    with pytest.raises(ServerSlow):
        hasty.check()
    assert enhancer.is_available()

    assert "in time" in enhancer(photo_of(paint(30, 20)), 4).reason
    assert not enhancer.is_available()
    model.behaviour = "well"
    model.release.set()
    assert enhancer.is_available()

    model.stop()
    assert not enhancer.is_available()


class Drip:
    """A model server in this process that needs half a second for each tile."""

    def __init__(self) -> None:
        self.asked = 0

    def check(self) -> None: ...
    def find_model(self) -> None: ...

    def enlarge(self, tile: np.ndarray) -> tuple[np.ndarray, str]:
        self.asked += 1
        time.sleep(0.5)
        return tile.repeat(4, axis=0).repeat(4, axis=1), "7"


@pytest.mark.parametrize(("side", "frames"), [(900, 1), (30, 9)], ids=["of many tiles", "of many frames"])
def test_a_photo_ends_at_its_own_deadline(paint, side, frames):
    drip, limits = Drip(), ServerLimits(tiles_in_flight=1, photo_seconds=0.2)
    motion = Motion(((paint(side, side), None),) * (frames - 1), (100,) * frames) if frames > 1 else None

    result = Enhancer(drip, limits, PhotoLimits())(photo_of(paint(side, side), motion=motion), 4)

    assert result.reason == SERVER_TOO_SLOW
    assert drip.asked <= 2, "the tile after which time was up, and the one sent by then"


def test_who_has_had_enough_need_not_wait_for_the_tile_under_way(paint):
    answer, answered = threading.Event(), []

    def slow(tile):
        answered.append(answer.wait(60))
        return tile.repeat(4, axis=0).repeat(4, axis=1)

    def enough(_done, _tiles):
        raise JobCancelled

    with pytest.raises(JobCancelled):
        enlarge(paint(30, 20), (120, 80), slow, PATIENT, math.inf, enough)
    assert answered == []
    answer.set()


def test_stopping_says_nothing_about_the_server(server, paint):
    enhancer = Enhancer(server, PATIENT, PhotoLimits())

    def enough(_done, _tiles):
        raise JobCancelled

    with pytest.raises(JobCancelled):
        enhancer(photo_of(paint(30, 20)), 4, enough)
    assert not enhancer.breaker_open


def test_what_is_too_large_at_4x_gets_as_many_pixels_as_fit(server, paint):
    enhancer = Enhancer(server, PATIENT, PhotoLimits(output_pixels=40 * 40))

    assert enhancer(photo_of(paint(10, 10)), 4).scale == 4
    assert enhancer(photo_of(paint(20, 20)), 4).scale == 2
    enhanced = enhancer(photo_of(paint(25, 20)), 4)
    assert (enhanced.scale, enhanced.photo.size) == (1.78, (44, 35))
    assert enhancer(photo_of(paint(40, 40)), 4).photo.size == (40, 40)
    with pytest.raises(PhotoTooLarge):
        enhancer(photo_of(paint(41, 40)), 4)


@pytest.mark.parametrize("size", [(903, 708), (1000, 701), (554, 431), (2216, 1724)])
def test_at_any_scale_tiles_fit_together_as_if_the_photo_were_one(paint, size):
    image = paint(554, 431)

    def nearest(tile):
        return tile.repeat(4, axis=0).repeat(4, axis=1)

    result = enlarge(image, size, nearest, ServerLimits(tile=96), math.inf, lambda *_: None)

    whole = image.resize((4 * 554, 4 * 431), Image.Resampling.NEAREST).resize(size, Image.Resampling.LANCZOS)
    assert np.abs(np.asarray(result).astype(int) - np.asarray(whole)).max() <= 1


def test_transparent_pixels_draw_no_dark_fringe(enhancer):
    colours = np.zeros((32, 32, 3), np.uint8)
    colours[:, 16:] = (250, 200, 20)
    alpha = np.zeros((32, 32), np.uint8)
    alpha[:, 16:] = 255  # black hides behind the transparent half
    photo = photo_of(Image.fromarray(colours), alpha=Image.fromarray(alpha))

    result = enhancer(photo, 4).photo

    assert result.alpha
    assert result.alpha.size == (128, 128)
    seen = np.asarray(result.alpha) > 0
    assert (np.asarray(result.image)[seen] == (250, 200, 20)).all()


def test_bleeding_leaves_what_is_seen_and_what_needs_nothing(paint):
    image = paint(37, 23)
    alpha = Image.linear_gradient("L").resize(image.size)

    bled = np.asarray(bleed(image, alpha))
    assert (bled[np.asarray(alpha) > 0] == np.asarray(image)[np.asarray(alpha) > 0]).all()
    assert bleed(image, Image.new("L", image.size, 255)) is image
    assert bleed(image, Image.new("L", image.size, 0)) is image
