"""Photos of jobs get their memory in turn; one that the process was killed at before is alone."""

import threading

import pytest
from prometheus_client import REGISTRY

from slackbot.imaging.errors import GivenUp, NotAPhoto, TooMuchMemory
from slackbot.job import Options
from slackbot.jobs.photo_memory import PhotoMemory
from slackbot.limits import PhotoLimits
from slackbot.ops.budget import Budget

MIB = 2**20


@pytest.fixture
def source(tmp_path, encode, paint):
    path = tmp_path / "0.photo"
    path.write_bytes(encode(paint(60, 40)))
    return path


def stay() -> None:
    """Go on waiting."""


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("enhancer_refused_total", {"reason": reason}) or 0.0


def test_a_try_is_written_down_while_it_lasts_and_taken_back_however_it_ends(store, source):
    photos = PhotoMemory(Budget(lambda: 500 * MIB), store, PhotoLimits())
    with photos.granted("job", 0, source, 4, Options(), stay) as given:
        assert store.attempts("job", 0) == 1
        assert given.admission.scale == 4
    with pytest.raises(KeyError), photos.granted("job", 0, source, 4, Options(), stay):
        raise KeyError
    assert store.attempts("job", 0) == 0


def test_after_a_kill_it_is_alone_then_smaller_then_refused(store, source):
    budget = Budget(lambda: 500 * MIB)
    photos = PhotoMemory(budget, store, PhotoLimits())
    store.begin_attempt("job", 0, "killed")
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with photos.granted("other", 0, source, 4, Options(), stay):
            entered.set()
            leave.wait()

    with photos.granted("job", 0, source, 4, Options(), stay) as given:
        assert given.admission.scale == 4
        thread = threading.Thread(target=other)
        thread.start()
        assert not entered.wait(0.5), "there were memory for both"
    assert entered.wait(20)
    leave.set()
    thread.join()

    store.begin_attempt("job", 0, "killed")
    with photos.granted("job", 0, source, 4, Options(), stay) as given:
        assert 1 <= given.admission.scale < 4
        assert given.admission.lessened
    store.begin_attempt("job", 0, "killed")
    before = refused("killed")
    with pytest.raises(GivenUp), photos.granted("job", 0, source, 4, Options(), stay):
        pass
    assert refused("killed") == before + 1


def test_what_cannot_be_done_is_counted_by_its_reason(store, source):
    for error, reason, budget in ((TooMuchMemory, "memory", 10 * MIB), (NotAPhoto, "picture", 500 * MIB)):
        before = refused(reason)
        photos = PhotoMemory(Budget(lambda size=budget: size), store, PhotoLimits())
        with pytest.raises(error), photos.granted("job", 0, source, 4, Options(), stay):
            pass
        assert refused(reason) == before + 1
        source.write_bytes(b"no picture at all")
