"""A job that ends in an error nobody foresaw still gets one reply, and an end."""

import re
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from slackbot.job import Job, Options
from slackbot.jobs.liveness import ONLY, OnlyBot
from slackbot.jobs.posts import Posts
from slackbot.jobs.queue_table import QueueTable
from slackbot.jobs.steps import JobSteps
from slackbot.jobs.tracker import JobTracker
from slackbot.jobs.workflow import PhotoWorkflow
from slackbot.limits import JobLimits, PhotoLimits
from slackbot.slack import reactions
from slackbot.slack.decorations import Decorations
from slackbot.slack.workspaces import OneWorkspace
from tests.slackbot.jobs.recorded_jobs import BOT, FakeSlack

JOB = Job("T1", "C1", "1.5", "1.5", Options(help=True), ("F-good",), "U1")


@pytest.fixture
def slack() -> FakeSlack:
    return FakeSlack()


@pytest.fixture
def ended(slack, store, tmp_path: Path):
    """The reaction of a job whose step of this name raises KeyError."""

    def run(broken: str) -> str:
        tracker, folder = JobTracker(JobLimits(), QueueTable(store.engine, ONLY), time.time), tmp_path / "photos"
        unused: Any = SimpleNamespace()
        client: Any = slack
        decorations = Decorations(OneWorkspace(client, BOT))
        decorations.start()
        posts = Posts(store, OnlyBot(None))
        kept = (tracker, store, posts, unused)
        workspaces = OneWorkspace(client, BOT)
        steps = JobSteps(workspaces, decorations, unused, folder, PhotoLimits(), unused, unused, *kept)

        def step(work, *args):
            if work.__name__ == broken:
                raise KeyError(broken)
            return work(*args)

        reaction = PhotoWorkflow(steps, unused, step)(JOB)
        decorations.close(20)
        assert not tracker.has(JOB.id)
        assert list(folder.glob("*")) == []
        return reaction

    return run


def replies(slack: FakeSlack) -> list[str]:
    return [text for method, _, text in slack.calls if method == "reply"]


@pytest.mark.parametrize("broken", ["begin", "find", "share"])
def test_a_job_that_fails_before_its_reply_says_so(ended, slack, broken):
    assert ended(broken) == reactions.FAILED
    assert replies(slack) == [
        "Something went wrong on my side. It has been noted; please try again a little later.",
    ]
    assert [args for method, _, args in slack.calls if method == "react" and reactions.FAILED in args]


def test_a_job_that_fails_after_its_reply_keeps_it(ended, slack):
    assert ended("end") == ""
    (reply,) = replies(slack)
    assert reply.startswith("Hi!")
    reacted = [method for method, _, _ in slack.calls if method in ("react", "unreact")]
    assert reacted in ([], ["react", "unreact"]), "its eyes are gone"


def test_slack_that_takes_no_reply_ends_the_job_all_the_same(ended, slack):
    def refuse(*_):
        raise KeyError("slack")

    slack.post_message = refuse
    assert ended("find") == reactions.FAILED


def test_an_answer_that_comes_too_late_for_its_address_is_shown_in_the_thread(tmp_path, slack):
    shown: list[str] = []
    slack.post_ephemeral = lambda _channel, _user, text, *_: shown.append(text)
    slack.respond = lambda *_: shown.append("at the address")
    store: Any = SimpleNamespace(answer_address={"kept": "https://hooks.slack.com/1"}.get)
    unused: Any = SimpleNamespace()
    client: Any = slack
    kept = (unused, store, unused, unused)
    steps = JobSteps(OneWorkspace(client, BOT), unused, unused, tmp_path, PhotoLimits(), unused, unused, *kept)
    steps.tell_user(replace(JOB, answer="kept"), "hello")
    before = expired()
    steps.tell_user(replace(JOB, answer="gone"), "hello")
    assert shown == ["at the address", "hello"]
    assert expired() == before + 1


def expired() -> float:
    return REGISTRY.get_sample_value("enhancer_refused_total", {"reason": "expired"}) or 0.0


def test_a_job_is_one_line_of_the_log(ended, caplog):
    with caplog.at_level("INFO", logger="slackbot"):
        assert ended("") == ""
    (record,) = [one for one in caplog.records if one.levelname == "INFO"]
    assert re.fullmatch(
        r"job T1_C1_1\.5: words; photos: 0 enhanced, 0 bicubic, 0 refused; \d\.\d s waiting, \d\.\d s at work",
        record.getMessage(),
    )
    assert record.__dict__["facts"]["job"] == JOB.id
