"""`cancel` against a real database; the Slack and the model server of a command are not asked."""

import time
from typing import Any

import pytest

from slackbot.job import Job, Options
from slackbot.jobs.commands import ChatCommands
from slackbot.jobs.queue_table import QueueTable
from slackbot.jobs.tracker import JobTracker
from slackbot.limits import JobLimits, PhotoLimits

NOBODY: Any = None


def job(number: int, command: str = "", user: str = "ada") -> Job:
    return Job("T1", "C1", f"{number}.0", f"{number}.0", Options(command=command), user=user)


@pytest.fixture
def tracker(store) -> JobTracker:
    return JobTracker(JobLimits(), QueueTable(store.engine, "me"), time.time)


@pytest.fixture
def commands(store, tracker) -> ChatCommands:
    return ChatCommands(NOBODY, tracker, store, NOBODY, PhotoLimits())


def test_a_cancel_that_is_done_once_more_says_the_same_of_the_same_jobs(store, tracker, commands):
    mine, others = [job(1), job(2)], job(3, user="grace")
    for one in (*mine, others):
        tracker.begin(one)
    assert commands.run(job(9, "cancel")) == "Stopped 2 jobs."

    for one in mine:  # they end, before the answer was written down; and the same person asks for another photo
        tracker.end(one.id)
    tracker.begin(later := job(4))

    assert commands.run(job(9, "cancel")) == "Stopped 2 jobs."
    assert [store.is_stopped(one.id) for one in (*mine, others, later)] == [True, True, False, False]
    assert commands.run(job(10, "cancel")) == "Stopped 1 job."


def test_what_a_cancel_stopped_is_forgotten_with_it(store, tracker, commands):
    tracker.begin(job(1))
    commands.run(job(9, "cancel"))
    store.delete_jobs([job(9).id])
    tracker.end(job(1).id)
    assert commands.run(job(9, "cancel")) == "There is nothing of yours to stop here."
