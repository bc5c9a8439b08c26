"""What a workspace may have in an hour and a day: counted once for each photo, and others do not pay for it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from slackbot.imaging.errors import PhotoError
from slackbot.jobs.quotas import Quotas, too_many_megapixels, too_many_photos
from slackbot.jobs.store import Store
from slackbot.limits import MEGAPIXEL, JobLimits

MIDNIGHT = 1_700_006_400.0  # UTC
NOON = MIDNIGHT + 12 * 3600


class Clock:
    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def quotas(request, tmp_path, clock) -> Iterator[Callable[..., Quotas]]:
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else f"sqlite:///{tmp_path}/bot.sqlite"
    store = Store(url)
    store.open()
    yield lambda **limits: Quotas(store.engine, JobLimits(**limits), clock)
    store.close()


def test_photos_of_an_hour(quotas, clock):
    mine = quotas(photos_an_hour=2)
    mine.take_photo("T1", "T1_a", 0)
    clock.now += 600
    for _ in range(3):  # a step that is repeated
        mine.take_photo("T1", "T1_a", 1)
    with pytest.raises(PhotoError, match=r"had its 2 photos of this hour\. Please try again in 50 minutes"):
        mine.take_photo("T1", "T1_b", 0)
    mine.take_photo("T2", "T2_a", 0)
    clock.now += 3001
    mine.take_photo("T1", "T1_b", 0)


def test_megapixels_of_a_day(quotas, clock):
    mine = quotas(megapixels_a_day=10)
    for _ in range(3):
        mine.take_pixels("T1", "T1_a", 0, 6 * MEGAPIXEL)
    with pytest.raises(PhotoError, match=r"more than the 10 megapixels .* again in 12 hours"):
        mine.take_pixels("T1", "T1_b", 0, 5 * MEGAPIXEL)
    mine.take_pixels("T1", "T1_c", 0, 4 * MEGAPIXEL)
    mine.take_pixels("T2", "T2_a", 0, 10 * MEGAPIXEL)
    clock.now = MIDNIGHT + 86_400
    mine.take_pixels("T1", "T1_b", 0, 5 * MEGAPIXEL)


def test_a_photo_that_is_fetched_before_midnight_and_opened_after_it(quotas, clock):
    mine = quotas(photos_an_hour=9, megapixels_a_day=10)
    clock.now = MIDNIGHT - 1
    mine.take_photo("T1", "T1_a", 0)
    mine.take_photo("T1", "T1_b", 0)
    clock.now = MIDNIGHT + 1
    mine.take_pixels("T1", "T1_a", 0, 10 * MEGAPIXEL)
    with pytest.raises(PhotoError, match="more than the 10 megapixels"):
        mine.take_pixels("T1", "T1_b", 0, 11 * MEGAPIXEL)


def test_photos_that_are_opened_after_midnight_share_that_day_whenever_they_were_fetched(quotas, clock):
    mine = quotas(photos_an_hour=9, megapixels_a_day=10)
    clock.now = MIDNIGHT - 1
    for photo in range(3):
        mine.take_photo("T1", "T1_a", photo)
    clock.now = MIDNIGHT + 1
    mine.take_photo("T1", "T1_b", 0)

    for _ in range(2):  # a step that is repeated
        mine.take_pixels("T1", "T1_a", 0, 10 * MEGAPIXEL)
    for job, photo in (("T1_a", 1), ("T1_a", 2), ("T1_b", 0)):
        with pytest.raises(PhotoError, match="more than the 10 megapixels"):
            mine.take_pixels("T1", job, photo, 10 * MEGAPIXEL)
    mine.take_pixels("T2", "T2_a", 0, 10 * MEGAPIXEL)


def test_no_quota_is_no_row(quotas):
    free = quotas()
    for photo in range(5):
        free.take_photo("T1", "T1_a", photo)
        free.take_pixels("T1", "T1_a", photo, 100 * MEGAPIXEL)
    mine = quotas(photos_an_hour=1)
    mine.take_photo("T1", "T1_b", 0)
    with pytest.raises(PhotoError):
        mine.take_photo("T1", "T1_b", 1)


def test_many_at_once_get_no_more_than_there_are(quotas):
    mine, together, got = quotas(photos_an_hour=3), threading.Barrier(8), []

    def take(number: int) -> None:
        together.wait(30)
        try:
            mine.take_photo("T1", f"T1_{number}", 0)
        except PhotoError:
            return
        got.append(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(8)))
    assert len(got) == 3


def test_the_sentences():
    assert too_many_photos(9, 1) == "this workspace has had its 9 photos of this hour. Please try again in a minute."
    assert too_many_megapixels(5, 1).endswith("try again in an hour.")
