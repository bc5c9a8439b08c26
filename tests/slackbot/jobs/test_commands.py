"""Commands against a real database; the Slack and the model server of a command are not asked, or played here."""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from slackbot.job import Job, Options
from slackbot.jobs.commands import ChatCommands
from slackbot.jobs.queue_table import QueueTable
from slackbot.jobs.tracker import JobTracker
from slackbot.limits import JobLimits, PhotoLimits
from slackbot.slack.errors import SlackRefused
from slackbot.slack.workspaces import Workspace

NOBODY: Any = None


def job(number: int, command: str = "", user: str = "ada") -> Job:
    return Job("T1", "C1", f"{number}.0", f"{number}.0", Options(command=command), user=user)


@pytest.fixture
def tracker(store) -> JobTracker:
    return JobTracker(JobLimits(), QueueTable(store.engine, "me"), time.time)


@pytest.fixture
def commands(store, tracker) -> ChatCommands:
    return ChatCommands(NOBODY, tracker, store, NOBODY, PhotoLimits())


class OneAgent:
    """Workspaces: T1 has the app as no agent, T3 takes nothing for now. Writes down where prompts are offered."""

    def __init__(self) -> None:
        self.offered: list[str] = []

    def of(self, team: str) -> Workspace:
        slack: Any = self
        return Workspace(slack, f"U-{team}")

    def suggest(self, channel: str, _: Sequence[tuple[str, str]]) -> None:
        if channel == "D3":
            raise SlackRefused("ratelimited", "assistant_threads_setSuggestedPrompts")
        if channel != "D2":
            raise SlackRefused("not_allowed_token_type", "assistant_threads_setSuggestedPrompts")
        self.offered.append(channel)


def test_where_the_app_is_no_agent_it_offers_nothing_more_and_elsewhere_it_does(store, tracker):
    workspaces = OneAgent()
    commands = ChatCommands(workspaces, tracker, store, NOBODY, PhotoLimits())
    for number in ("1", "2", "3"):
        commands.suggest(f"D{number}", f"T{number}")

    assert workspaces.offered == ["D2"]
    assert [commands.may_suggest(team) for team in ("T1", "T2", "T3")] == [False, True, True]


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


def test_a_cancel_does_not_count_what_is_being_posted_already(store, tracker, commands):
    for one in (job(1), job(2)):
        tracker.begin(one)
    store.begin_post(job(1).id, "files", "me")

    assert commands.run(job(9, "cancel")) == "Stopped 1 job."
    tracker.end(job(2).id)
    assert commands.run(job(9, "cancel")) == "Stopped 1 job."
    assert commands.run(job(10, "cancel")) == "There is nothing of yours to stop here."


def test_what_a_cancel_stopped_is_forgotten_with_it(store, tracker, commands):
    tracker.begin(job(1))
    commands.run(job(9, "cancel"))
    store.delete_jobs([job(9).id])
    tracker.end(job(1).id)
    assert commands.run(job(9, "cancel")) == "There is nothing of yours to stop here."
