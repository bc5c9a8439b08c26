"""The board: who comes first, who waits how long, and when it is full."""

import pytest

from slackbot.job import Job, Options
from slackbot.jobs.tracker import JobTracker
from slackbot.limits import JobLimits


def job(number: int, user: str = "ada", channel: str = "C1") -> Job:
    return Job("T1", channel, f"{number}.0", f"{number}.0", Options(), user=user)


@pytest.fixture
def tracker():
    clock = [0.0]
    tracker = JobTracker(JobLimits(jobs_waiting=5, jobs_at_once=2), now=lambda: clock[0])
    tracker.clock = clock  # type: ignore[attr-defined]
    return tracker


def order(tracker: JobTracker) -> list[tuple[str, str]]:
    return [(entry.job.user, entry.job.message_ts) for entry in tracker.entries()]


def test_everybodys_first_comes_before_anybodys_second(tracker):
    for number in range(3):
        tracker.add(job(number))
    tracker.add(job(3, "grace"))
    tracker.add(job(4, "alan"))

    assert [user for user, _ in order(tracker)] == ["ada", "grace", "alan", "ada", "ada"]


def test_among_those_a_quiet_channel_comes_before_a_busy_one(tracker):
    tracker.add(job(1, "ada", "busy"))
    tracker.add(job(2, "grace", "busy"))
    tracker.add(job(3, "alan", "quiet"))

    assert [user for user, _ in order(tracker)] == ["ada", "alan", "grace"]


def test_the_same_job_stands_there_once(tracker):
    first = tracker.add(job(1))

    assert tracker.add(job(1)) == first
    assert len(tracker.entries()) == 1


def test_those_at_work_come_first_and_do_not_wait(tracker):
    tracker.add(job(1))
    tracker.add(job(2, "grace"))
    tracker.begin(job(2, "grace"))

    assert [user for user, _ in order(tracker)] == ["grace", "ada"]
    assert tracker.waiting() == 1


def test_it_is_full_at_the_limit_and_not_before(tracker):
    for number in range(4):
        tracker.add(job(number))
    assert not tracker.is_full
    tracker.add(job(4))
    assert tracker.is_full
    tracker.begin(job(0))
    assert not tracker.is_full


def test_the_time_to_wait_follows_what_jobs_took(tracker):
    assert tracker.minutes(1) == 1
    for number in range(20):
        tracker.begin(job(number))
        tracker.clock[0] += 60
        tracker.end(job(number).id)

    assert tracker.minutes(10) == 5, "ten jobs of a minute, two at a time"


def test_how_far_a_job_is(tracker):
    tracker.begin(job(1))
    tracker.set_photo_count(job(1).id, 3)
    tracker.set_progress(job(1).id, 1, 0.25)

    (entry,) = tracker.entries()
    assert (entry.photo, entry.photos, entry.done) == (1, 3, 0.25)
    tracker.end(job(1).id)
    tracker.set_progress(job(1).id, 2, 0.5)
    assert tracker.entries() == []
    assert not tracker.has(job(1).id)
