"""The load test's queue, its people and what it says of a told wait."""

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import capacity, load_people, load_report, queueing
from benchmarks.load_people import Share


def test_photos_that_come_alone_take_their_work_and_the_wait():
    machine = queueing.Machine(fixed=1.0, megapixel=2.0, waiting=0.5)
    assert queueing.simulate(machine, [0, 100], [1.0, 3.0]) == pytest.approx([3.5, 7.5])


def test_two_photos_share_the_machine_and_a_third_waits():
    machine = queueing.Machine(fixed=2.0, megapixel=0.0, waiting=0.0, at_once=2)
    assert queueing.simulate(machine, [0, 0, 0], [1, 1, 1]) == pytest.approx([4, 4, 6])


def test_everybodys_first_comes_before_anybodys_second():
    machine = queueing.Machine(fixed=1.0, megapixel=0.0, waiting=0.0, at_once=1, jobs=1)
    shares = [0, 0, 0, 0.5, 1.5], [1] * 5, ["ada", "ada", "ada", "grace", "alan"]
    assert queueing.simulate(machine, *shares) == pytest.approx([1, 4, 5, 1.5, 1.5])
    begun_early = queueing.simulate(replace(machine, jobs=2), *shares)
    assert begun_early == pytest.approx([1, 2, 5, 2.5, 2.5]), "Ada's second had begun when Grace came"


def test_one_at_a_time_with_poisson_arrivals_is_the_queue_of_the_textbook():
    """M/D/1 at a load of .8: the mean wait is .8 / (2 * .2) = 2 services (Pollaczek and Khinchine)."""
    at = load_people.arrivals(0.8, 60_000, np.random.default_rng(0))
    took = queueing.simulate(queueing.Machine(1.0, 0.0, 0.0, at_once=1), at, [1.0] * len(at))
    assert took.mean() == pytest.approx(3.0, rel=0.05)


def test_the_fitted_machine_has_the_capacity_that_was_measured():
    mix = [0.1, 0.1, 0.4]
    for a_second in (0.1, 0.5, 3.0):
        fitted = queueing.fit([0.1, 0.2, 0.4], [1.4, 1.8, 2.6], mix, a_second)
        assert fitted.capacity(mix) == pytest.approx(a_second)
        assert fitted.waiting >= 0


def test_people_come_at_the_rate_that_was_asked_for_and_share_the_mix():
    random = np.random.default_rng(0)
    moments = load_people.arrivals(2.0, 1000, random)
    gaps = np.diff(moments)
    assert gaps.mean() == pytest.approx(0.5, rel=0.1)
    assert gaps.std() == pytest.approx(0.5, rel=0.1), "exponential: as wide as its mean"
    sizes = load_people.sizes(100, random)
    assert {(width, height, sizes.count((width, height))) for width, height in sizes} == set(load_people.SIZES)


@pytest.mark.parametrize(
    ("told", "seconds", "true"),
    [(1, 5, True), (1, 119, True), (1, 121, False), (4, 121, True), (4, 119, False), (4, 480, True), (4, 482, False)],
)
def test_a_told_wait_is_true_within_a_factor_of_two(told, seconds, true):
    share = Share("full", "ada", 0, 0.1, seconds + 3, 1, False, False, told_minutes=told, told_after=3)
    assert load_report.told_true(share) is true


def test_the_page_is_what_the_measured_figures_make_it():
    facts, shares = load_report.read()
    assert (load_report.FOLDER / "load.md").read_text() == load_report.markdown(facts, shares)
    assert not any(math.isnan(share.seconds) for share in shares), "a photo without a reply"


def test_the_page_of_capacity_is_what_its_script_makes_of_the_figures():
    assert capacity.page() == capacity.PAGE.read_text()
    for people in ("1,000", "100,000", "1,000,000"):
        assert f"| {people} | " in capacity.PAGE.read_text()


def test_more_people_and_larger_photos_need_more_cores():
    pair = queueing.Machine(0.0, 2.0, 0.1)
    needs = [capacity.plan(people, pair, [1.0]) for people in capacity.PEOPLE]
    assert needs[0].pairs <= needs[1].pairs < needs[2].pairs
    assert all(one.p95 <= capacity.WAIT for one in needs)
    slow = capacity.plan(1_000, pair, [20.0])
    assert capacity.WAIT < slow.p95 <= capacity.SLOW * (pair.work(20.0) + 0.1), "alone it takes 40 s"
