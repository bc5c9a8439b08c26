"""Photos of jobs get their memory in turn; one that the process was killed at before is alone."""

import threading

import pytest
from prometheus_client import REGISTRY

from slackbot.errors import JobCancelled
from slackbot.imaging import first_look
from slackbot.imaging.errors import GivenUp, NotAPhoto, TooMuchMemory
from slackbot.job import Options
from slackbot.jobs.photo_memory import PhotoMemory
from slackbot.limits import PhotoLimits
from slackbot.ops.budget import Budget
from tests.many_strips import many_strips

MIB = 2**20


@pytest.fixture
def source(tmp_path, encode, paint):
    path = tmp_path / "0.photo"
    path.write_bytes(encode(paint(60, 40)))
    return path


def stay() -> None:
    """Go on waiting."""


def leave() -> None:
    """Wait no longer."""
    raise JobCancelled


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


def test_what_was_killed_three_times_is_not_even_looked_at(store, tmp_path):
    photos = PhotoMemory(Budget(lambda: 500 * MIB), store, PhotoLimits())
    for _ in range(3):
        store.begin_attempt("job", 0, "killed")
    with pytest.raises(GivenUp), photos.granted("job", 0, tmp_path / "gone", 4, Options(), stay):
        pass


def test_a_look_that_takes_much_waits_for_it_and_is_a_try(store, source, monkeypatch):
    source.write_bytes(many_strips(400_000))
    budget = Budget(lambda: 600 * MIB)
    photos = PhotoMemory(budget, store, PhotoLimits())
    budget.total()
    with (
        budget.taken(100 * MIB),
        pytest.raises(JobCancelled),
        photos.granted("job", 0, source, 4, Options(), leave),
    ):
        pass
    assert store.attempts("job", 0) == 0

    tries, look = [], first_look.look_sandboxed
    monkeypatch.setattr(first_look, "look_sandboxed", lambda *a: (tries.append(store.attempts("job", 0)), look(*a))[1])
    with photos.granted("job", 0, source, 4, Options(), stay) as given:
        assert given.seen.header.facts.size == (16, 16)
        assert tries == [0, 1]
        with pytest.raises(JobCancelled), budget.taken(100 * MIB, leave):  # it keeps as much while it is opened
            pass
    assert store.attempts("job", 0) == 0
