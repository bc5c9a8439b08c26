"""Bytes are given in the order in which they are asked for, and never more than there are."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from slackbot.ops.budget import Budget
from tests.processes import until


class Photo:
    """Takes its bytes in a thread, until it is told to end."""

    def __init__(self, budget: Budget, size: int, log: list[str], name: str) -> None:
        self.inside, self._done = threading.Event(), threading.Event()

        def work() -> None:
            with budget.taken(size):
                log.append(name)
                self.inside.set()
                self._done.wait()

        self._thread = threading.Thread(target=work)
        self._thread.start()

    def end(self) -> None:
        self._done.set()
        self._thread.join()


def waiting(budget: Budget, count: int) -> None:
    until(lambda: len(budget._waiting) == count, 20, f"{count} in the queue")


def test_a_large_one_is_not_passed_by_small_ones():
    budget, log = Budget(lambda: 100), []
    assert budget.total() == 100
    first = Photo(budget, 60, log, "first")
    assert first.inside.wait(20)
    large = Photo(budget, 90, log, "large")
    waiting(budget, 1)
    small = Photo(budget, 10, log, "small")  # there is room for it, and it came later
    waiting(budget, 2)
    assert not small.inside.wait(0.3)

    first.end()
    assert large.inside.wait(20)
    assert small.inside.wait(20)
    assert log == ["first", "large", "small"]
    large.end()
    small.end()


def test_what_is_inside_never_takes_more_than_there_is():
    budget, most, now, lock = Budget(lambda: 100), 0, 0, threading.Lock()
    budget.total()

    def work(size: int) -> None:
        nonlocal most, now
        with budget.taken(size):
            with lock:
                now += size
                most = max(most, now)
            threading.Event().wait(0.001)
            with lock:
                now -= size

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [10, 70, 30, 50, 90, 20, 40] * 10))
    assert 90 <= most <= 100


def test_one_that_takes_more_than_there_is_waits_until_it_is_alone():
    budget, log = Budget(lambda: 100), []
    budget.total()
    first, huge = Photo(budget, 10, log, "first"), None
    assert first.inside.wait(20)
    huge = Photo(budget, 500, log, "huge")
    assert not huge.inside.wait(0.3)
    first.end()
    assert huge.inside.wait(20)
    huge.end()


def test_who_waits_may_give_up_and_the_next_goes_on():
    budget, log = Budget(lambda: 100), []
    budget.total()
    first = Photo(budget, 60, log, "first")
    assert first.inside.wait(20)

    def cancelled() -> None:
        raise KeyError

    with pytest.raises(KeyError), budget.taken(90, cancelled):
        pass
    next_one = Photo(budget, 40, log, "next")
    assert next_one.inside.wait(20)
    first.end()
    next_one.end()


def test_it_is_measured_again_whenever_nothing_is_inside():
    there = [100, 80, 60]
    budget = Budget(lambda: there.pop(0))
    assert budget.total() == 100
    with budget.taken(10):
        assert budget.total() == 100
    assert budget.total() == 80
