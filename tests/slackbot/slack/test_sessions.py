"""The stop button of a thread: it goes with the last job there, and whoever refuses it is left in peace."""

from typing import Any

import pytest

from slackbot.job import Job, Options
from slackbot.slack.errors import SlackRefused, SlackUnavailable
from slackbot.slack.sessions import Sessions
from slackbot.slack.workspaces import OneWorkspace


class FakeSlack:
    """Writes down what it is asked; `troubles` are raised by the next calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.troubles: list[Exception] = []

    def set_session(self, _: str, thread: str, status: str) -> None:
        self.calls.append((thread, status))
        if self.troubles:
            raise self.troubles.pop(0)


@pytest.fixture
def slack() -> FakeSlack:
    return FakeSlack()


@pytest.fixture
def sessions(slack: Any) -> Sessions:
    return Sessions(OneWorkspace(slack, "U1"))


def job(number: int, thread: str = "1.5", team: str = "T1") -> Job:
    return Job(team, "C1", f"{number}.5", thread, Options())


def test_the_button_goes_with_the_last_job_of_its_thread(sessions, slack):
    sessions.begin(job(2))
    sessions.begin(job(3))
    sessions.begin(job(4, "4.5"))
    sessions.end(job(2))
    assert slack.calls == [("1.5", "processing"), ("1.5", "processing"), ("4.5", "processing")]

    sessions.end(job(3))
    assert slack.calls[3:] == [("1.5", "active")]


def test_a_job_that_another_bot_ends_holds_no_button_here(sessions, slack):
    sessions.begin(job(2))
    sessions.forget(job(2))
    sessions.begin(job(3))
    sessions.end(job(3))
    assert slack.calls[-1] == ("1.5", "active")


def test_of_a_job_of_an_earlier_process_the_button_is_taken_away(sessions, slack):
    sessions.end(job(2))
    assert slack.calls == [("1.5", "active")]


def test_a_button_that_could_not_be_taken_away_is_tried_again(sessions, slack):
    sessions.begin(job(2))
    slack.troubles = [SlackUnavailable("Slack is out of reach.")]
    with pytest.raises(SlackUnavailable):
        sessions.end(job(2))
    sessions.end(job(2))
    assert slack.calls == [("1.5", "processing"), ("1.5", "active"), ("1.5", "active")]


def test_what_is_no_agent_is_told_once(sessions, slack):
    slack.troubles = [SlackRefused("missing_scope", "agents_sessions_setStatus")]
    for number in range(3):
        sessions.begin(job(number))
        sessions.end(job(number))
    assert slack.calls == [("1.5", "processing")]


def test_another_workspace_may_have_what_one_refuses(sessions, slack):
    slack.troubles = [SlackRefused("missing_scope", "agents_sessions_setStatus")]
    sessions.begin(job(2))
    sessions.begin(job(3, "3.5", "T2"))
    sessions.begin(job(4))
    assert slack.calls == [("1.5", "processing"), ("3.5", "processing")]


def test_a_button_that_is_there_goes_though_slack_refused_another(sessions, slack):
    sessions.begin(job(2))
    slack.troubles = [SlackRefused("channel_not_found", "agents_sessions_setStatus")]
    sessions.begin(job(3, "3.5"))
    sessions.end(job(2))
    assert slack.calls[-1] == ("1.5", "active")


def test_slack_being_away_is_no_refusal(sessions, slack):
    slack.troubles = [SlackUnavailable("Slack is out of reach.")]
    sessions.begin(job(2))
    sessions.begin(job(3))
    assert slack.calls == [("1.5", "processing")] * 2
