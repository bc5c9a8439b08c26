"""The way from pixels to more pixels, over a real gRPC server."""

import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from slackbot.address import Address
from slackbot.enhance import Enhancer
from slackbot.errors import PhotoTooLarge, ServerDown, ServerSlow, ServerWrong, Stopped
from slackbot.kinds import KINDS
from slackbot.limits import Limits
from slackbot.mosaic import enlarge
from slackbot.photo import Photo
from slackbot.transparency import bleed
from slackbot.triton import ModelServer

IMPATIENT = Limits(tile_seconds=2.0, breaker_seconds=0.3, probe_seconds=1.0)
PATIENT = Limits(tile_seconds=60.0, probe_seconds=30.0)  # what the machine does besides is no failure of the server


def photo_of(image: Image.Image, **more) -> Photo:
    return Photo(image, KINDS["PNG"], **more)


@pytest.fixture
def server(model):
    server = ModelServer(Address(model.address), PATIENT)
    yield server
    server.close()


@pytest.fixture
def hasty(model):
    server = ModelServer(Address(model.address), IMPATIENT)
    yield server
    server.close()


@pytest.fixture
def enhancer(server):
    return Enhancer(server, PATIENT)


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
    ("mood", "error"),
    [
        ("wrong shape", ServerWrong),
        ("wrong type", ServerWrong),
        ("garbage", ServerWrong),
        ("error", ServerWrong),
    ],
)
def test_every_wrong_answer_is_a_server_error(server, model, mood, error):
    model.mood = mood

    with pytest.raises(error):
        server.enlarge(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(error):
        server.check()


def test_no_answer_in_time_is_a_server_error(hasty, model):
    model.mood = "slow"

    with pytest.raises(ServerSlow):
        hasty.enlarge(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ServerSlow):
        hasty.check()


def test_the_contract_is_checked(server, model):
    server.check()
    model.mood = "wrong contract"

    with pytest.raises(ServerWrong, match="something else than pixels"):
        server.check()


def test_a_full_queue_is_waited_for(server, model):
    model.mood = "full"

    enlarged, _ = server.enlarge(np.full((8, 8, 3), 5, np.uint8))

    assert enlarged.shape == (32, 32, 3)


def test_no_server_is_down(model):
    model.stop()
    server = ModelServer(Address(model.address), PATIENT)

    with pytest.raises(ServerDown):
        server.enlarge(np.zeros((8, 8, 3), np.uint8))
    server.close()


def test_the_breaker_spares_later_photos_the_wait_and_closes_again(hasty, model, paint):
    enhancer = Enhancer(hasty, IMPATIENT)
    photo = photo_of(paint(30, 20))
    model.mood = "slow"
    assert "in time" in enhancer(photo, 4).reason

    begin = time.monotonic()
    bicubic = enhancer(photo, 4)
    assert time.monotonic() - begin < IMPATIENT.breaker_seconds
    assert "not available" in bicubic.reason
    assert bicubic.photo.image.tobytes() == photo.image.resize((120, 80), Image.Resampling.BICUBIC).tobytes()

    time.sleep(IMPATIENT.breaker_seconds)
    begin = time.monotonic()
    assert enhancer(photo, 4).reason  # asked with one small tile, and still slow
    assert time.monotonic() - begin < IMPATIENT.tile_seconds

    model.mood = "well"
    ends = time.monotonic() + 30
    while not (result := enhancer(photo, 4)).version:
        assert time.monotonic() < ends
        time.sleep(0.1)
    assert result.reason == ""


def test_a_drip_of_tiles_ends_at_the_photos_own_deadline(paint):
    limits = Limits(tiles_in_flight=1, photo_seconds=0.2)

    def drip(tile):
        time.sleep(0.5)
        return tile.repeat(4, axis=0).repeat(4, axis=1)

    begin = time.monotonic()
    with pytest.raises(ServerSlow):
        enlarge(paint(900, 900), 4, drip, limits, lambda *_: None)
    assert time.monotonic() - begin < 5  # all tiles together would take 12 s


def test_who_has_had_enough_need_not_wait_for_the_tile_under_way(paint):
    def slow(tile):
        time.sleep(5)
        return tile.repeat(4, axis=0).repeat(4, axis=1)

    def enough(_done, _tiles):
        raise Stopped

    begin = time.monotonic()
    with pytest.raises(Stopped):
        enlarge(paint(30, 20), 4, slow, PATIENT, enough)
    assert time.monotonic() - begin < 4


def test_stopping_says_nothing_about_the_server(server, paint):
    enhancer = Enhancer(server, PATIENT)

    def enough(_done, _tiles):
        raise Stopped

    with pytest.raises(Stopped):
        enhancer(photo_of(paint(30, 20)), 4, enough)
    assert not enhancer.breaker_open


def test_too_large_at_4x_is_2x_and_too_large_at_2x_is_refused(server, paint):
    enhancer = Enhancer(server, replace(PATIENT, output_pixels=40 * 40))

    assert enhancer(photo_of(paint(10, 10)), 4).scale == 4
    assert enhancer(photo_of(paint(20, 20)), 4).scale == 2
    with pytest.raises(PhotoTooLarge):
        enhancer(photo_of(paint(21, 20)), 4)


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
