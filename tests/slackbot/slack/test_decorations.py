"""Reactions: coalesced, put off where Slack asks for it, left out where that takes too long, and never in the way."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from slackbot.job import Job, Options
from slackbot.slack.decorations import Decorations
from slackbot.slack.errors import SlackRefused, SlackUnavailable
from slackbot.slack.reactions import ENHANCED, FAILED, WORKING
from slackbot.slack.workspaces import OneWorkspace
from tests.processes import until


class FakeSlack:
    """Writes down what it is asked; `refusals` are raised by the next calls of `react`, `held` lets calls wait."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.refusals: list[Exception] = []
        self.held = threading.Event()
        self.held.set()
        self.sessions: list[tuple[str, str]] | None = None  # of an agent: thread and status

    def react(self, _: str, ts: str, name: str) -> None:
        self.calls.append(("react", ts, name))
        self.held.wait(30)
        if self.refusals:
            raise self.refusals.pop(0)

    def unreact(self, _: str, ts: str, name: str) -> None:
        self.calls.append(("unreact", ts, name))

    def set_session(self, _: str, thread: str, status: str) -> None:
        if self.sessions is None:
            raise SlackRefused("missing_scope", "agents_sessions_setStatus")
        self.sessions.append((thread, status))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def slack() -> FakeSlack:
    return FakeSlack()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def decorations(slack: Any, clock: Clock) -> Iterator[Decorations]:
    made = Decorations(OneWorkspace(slack, "U1"), clock)
    made.start()
    yield made
    slack.held.set()
    made.close(20)


def job(number: int = 1, team: str = "T1") -> Job:
    return Job(team, "C1", f"{number}.5", f"{number}.5", Options())


def limited(seconds: float) -> SlackRefused:
    refusal = SlackRefused("ratelimited", "reactions_add")
    refusal.retry_after = seconds
    return refusal


def test_a_job_that_ends_within_a_second_gets_its_result_alone(decorations, slack):
    decorations.begin(job())
    decorations.end(job(), ENHANCED)
    assert slack.calls == [("react", "1.5", ENHANCED)]


def test_a_longer_one_gets_eyes_and_loses_them(decorations, slack, clock):
    decorations.begin(job())
    clock.now += 1.5
    until(lambda: slack.calls, 20, "the eyes")
    decorations.end(job(), FAILED)
    assert slack.calls == [("react", "1.5", WORKING), ("react", "1.5", FAILED), ("unreact", "1.5", WORKING)]


def test_a_job_of_an_earlier_process_may_have_its_eyes(decorations, slack):
    decorations.end(job(), ENHANCED)
    assert slack.calls == [("react", "1.5", ENHANCED), ("unreact", "1.5", WORKING)]


def test_a_job_that_another_bot_has_keeps_no_stop_button_here(decorations, slack, clock):
    slack.sessions = []
    first, second = job(), replace(job(2), thread_ts="1.5")
    for begun, one in enumerate((first, second), 1):
        decorations.begin(one)
        clock.now += 1.5
        until(lambda count=begun: len(slack.sessions) == count, 20, "the button")
    decorations.leave(first)
    decorations.end(second, ENHANCED)
    assert slack.sessions == [("1.5", "processing"), ("1.5", "processing"), ("1.5", "active")]


def test_a_job_that_another_bot_takes_while_its_eyes_are_shown_keeps_no_stop_button_here(decorations, slack, clock):
    slack.sessions = []
    slack.held.clear()
    first, second = job(), replace(job(2), thread_ts="1.5")
    decorations.begin(first)
    clock.now += 1.5
    until(lambda: slack.calls, 20, "the eyes")
    decorations.leave(first)
    slack.held.set()
    decorations.end(second, ENHANCED)
    until(lambda: len(slack.calls) == 3, 20, "the result")
    assert slack.sessions == [("1.5", "processing"), ("1.5", "active")]


def test_nobody_waits_while_slack_hangs(decorations, slack):
    slack.held.clear()
    decorations.begin(job(0))
    for number in range(1, 200):
        decorations.begin(job(number))
        decorations.end(job(number), ENHANCED)  # but for the first, each finds another that waits
    assert len(slack.calls) == 1
    slack.held.set()
    until(lambda: len(slack.calls) == 199, 20, "all results")


@pytest.mark.parametrize("trouble", [limited(30), SlackUnavailable("away")])
def test_a_result_waits_until_slack_takes_it(decorations, slack, clock, trouble):
    slack.refusals = [trouble]
    decorations.begin(job())
    decorations.end(job(), ENHANCED)
    decorations.end(job(2), ENHANCED)
    assert len(slack.calls) == 1, "and nothing else is asked meanwhile"
    clock.now += 31
    until(lambda: len(slack.calls) == 4, 20, "both results")
    assert slack.calls[1:] == [("react", "1.5", ENHANCED), ("react", "2.5", ENHANCED), ("unreact", "2.5", WORKING)]


@pytest.mark.parametrize("meanwhile", ["its eyes are taken away", "another bot is said to have it"])
def test_a_result_that_waits_for_slack_is_shown_whatever_is_noticed_meanwhile(decorations, slack, clock, meanwhile):
    """Who waited in the queue got the eyes of somebody who looks only now and then what became of it."""
    slack.refusals = [limited(30)]
    decorations.begin(job())
    decorations.end(job(), FAILED)
    if meanwhile == "its eyes are taken away":
        decorations.end(job(), "")
    else:
        decorations.leave(job())
    clock.now += 31
    until(lambda: len(slack.calls) == 2, 20, "the result")
    assert slack.calls[1] == ("react", "1.5", FAILED)


def test_a_workspace_that_is_told_to_wait_holds_up_no_other(decorations, slack, clock):
    slack.refusals = [limited(100)]
    decorations.begin(job(team="T1"))
    decorations.end(job(team="T1"), ENHANCED)
    decorations.begin(job(2, "T2"))
    clock.now += 1.5
    until(lambda: len(slack.calls) == 2, 20, "the eyes of another workspace")
    decorations.end(job(2, "T2"), FAILED)
    assert slack.calls[1:] == [("react", "2.5", WORKING), ("react", "2.5", FAILED), ("unreact", "2.5", WORKING)]
    clock.now += 100
    until(lambda: len(slack.calls) == 5, 20, "the result that waited")
    assert slack.calls[4] == ("react", "1.5", ENHANCED)


def left_out() -> float:
    return REGISTRY.get_sample_value("enhancer_refused_total", {"reason": "decoration"}) or 0.0


def test_eyes_are_left_out_where_slack_asks_to_wait(decorations, slack, clock):
    before = left_out()
    slack.refusals = [limited(30)]
    decorations.begin(job())
    clock.now += 1.5
    until(lambda: slack.calls, 20, "the eyes")
    until(lambda: not slack.refusals, 20, "the refusal")
    clock.now += 31
    decorations.end(job(), ENHANCED)
    until(lambda: len(slack.calls) == 2, 20, "the result")
    assert slack.calls[1:] == [("react", "1.5", ENHANCED)]
    assert left_out() == before + 1


def test_a_result_that_waited_for_too_long_is_left_out(decorations, slack, clock):
    slack.refusals = [limited(1000)]
    decorations.begin(job())
    decorations.end(job(), ENHANCED)
    clock.now += 500
    until(lambda: not decorations._ends, 20, "nothing that waits")
    clock.now += 501
    decorations.begin(job(2))
    decorations.end(job(2), ENHANCED)
    assert slack.calls[1:] == [("react", "2.5", ENHANCED)]


def test_what_slack_never_takes_is_not_asked_again(decorations, slack, clock):
    slack.refusals = [SlackRefused("message_not_found", "reactions_add")]
    decorations.begin(job())
    decorations.end(job(), ENHANCED)
    clock.now += 100
    decorations.begin(job(2))
    decorations.end(job(2), ENHANCED)
    assert [ts for _, ts, _ in slack.calls] == ["1.5", "2.5"]


def test_the_end_waits_for_the_last_reactions(slack: Any, clock):
    decorations = Decorations(OneWorkspace(slack, "U1"), clock)
    decorations.begin(job())
    decorations.end(job(), ENHANCED)
    decorations.start()
    decorations.close(20)
    assert slack.calls == [("react", "1.5", ENHANCED)]
