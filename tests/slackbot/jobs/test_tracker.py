"""What is told of jobs: how far those are that run here, and how long the others wait."""

import pytest
from sqlalchemy import text

from slackbot.job import Job, Options
from slackbot.jobs.queue_table import Load, QueueTable
from slackbot.jobs.tracker import JobTracker
from slackbot.limits import JobLimits


def job(number: int, command: str = "") -> Job:
    return Job("T1", "C1", f"{number}.0", f"{number}.0", Options(command=command), user="ada")


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def tracker(store, clock):
    table = QueueTable(store.engine, "me", lambda: clock[0])
    return JobTracker(JobLimits(jobs_waiting=3, jobs_at_once=2), table, lambda: clock[0])


def test_it_is_full_at_the_limit(tracker):
    assert all(tracker.add(job(number)) for number in range(3))
    assert tracker.add(job(3)) is None
    tracker.begin(job(0))
    assert tracker.add(job(3))


def test_the_time_to_wait_follows_what_jobs_took_and_how_many_bots_there_are(tracker, store, clock):
    assert tracker.minutes(tracker.load(), 1) == 1
    for number in range(20):
        tracker.begin(job(number))
        clock[0] += 60
        tracker.end(job(number).id)
    assert tracker.minutes(tracker.load(), 10) == 5, "ten jobs of a minute, two at a time"

    tracker.begin(job(30))
    for number in (31, 32):
        QueueTable(store.engine, f"bot {number}", lambda: clock[0]).begin(job(number))
    assert tracker.minutes(tracker.load(), 30) == 5, "thirty of a minute, two at a time at each of three bots"


def test_how_far_a_job_is(tracker, clock):
    tracker.add(job(1))
    clock[0] = 7.0
    tracker.begin(job(1))
    tracker.set_photo_count(job(1).id, 3)
    tracker.set_progress(job(1).id, 1, 0.25)

    (entry,) = tracker.entries()
    assert (entry.photo, entry.photos, entry.done) == (1, 3, 0.25)
    assert (entry.since, entry.begun) == (0.0, 7.0)
    assert tracker.end(job(1).id) == entry
    assert tracker.end(job(1).id) is None
    tracker.set_progress(job(1).id, 2, 0.5)
    assert tracker.entries() == []
    assert not tracker.is_to_be_told(job(1).id)


def test_how_long_a_photo_takes_follows_how_it_gets_on(tracker, clock):
    def left(photo: int, done: float) -> int:
        tracker.set_progress(job(1).id, photo, done)
        return tracker.entries()[0].minutes_left(clock[0])

    tracker.begin(job(1))
    assert tracker.entries()[0].minutes_left(clock[0]) == 0, "nobody knows"
    assert left(0, 0.1) == 0, "nobody knows how long the first tile took"
    clock[0] = 12.0
    assert left(0, 0.15) == 4, "seventeen times as long, 204 s"
    clock[0] = 24.0
    assert tracker.entries()[0].minutes_left(clock[0]) == 7, "it got no further"
    assert left(0, 0.9) == 0, "within a minute"
    assert left(1, 0.1) == 0, "another photo"


def test_nobody_is_told_of_a_job_that_comes_to_its_reply_or_is_another_bots(tracker, store):
    tracker.add(job(1))
    tracker.add(job(2))
    assert tracker.is_to_be_told(job(1).id), "it waits"
    tracker.begin(job(1))
    assert tracker.is_to_be_told(job(1).id)
    tracker.set_quiet(job(1).id)
    assert not tracker.is_to_be_told(job(1).id)
    QueueTable(store.engine, "another", lambda: 0.0).begin(job(2))
    assert not tracker.is_to_be_told(job(2).id)


def test_a_command_is_at_work_here_and_not_in_the_queue(tracker):
    tracker.begin(job(1, "status"))
    assert tracker.has(job(1).id)
    assert tracker.is_to_be_told(job(1).id)
    assert tracker.load() == Load(working=0, bots=0, waiting=0)


def test_a_database_that_cannot_be_asked_stops_no_job(tracker, store, caplog):
    tracker.add(job(1))
    with store.engine.begin() as connection:
        connection.execute(text("drop table enhancer_queue"))
    tracker.begin(job(1))
    assert tracker.has(job(1).id)
    assert tracker.end(job(1).id)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
