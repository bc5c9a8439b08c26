"""A job that ends in an error nobody foresaw still gets one reply, and an end."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dbos import error as dbos_error
from prometheus_client import REGISTRY

from slackbot.errors import BotError, JobCancelled
from slackbot.imaging.errors import PhotoError
from slackbot.job import Job, Options, Outcome
from slackbot.jobs.liveness import ONLY, OnlyBot
from slackbot.jobs.posts import Posts
from slackbot.jobs.queue_table import QueueTable
from slackbot.jobs.steps import JobSteps, Result
from slackbot.jobs.tracker import JobTracker
from slackbot.jobs.workflow import PhotoWorkflow
from slackbot.limits import JobLimits, PhotoLimits
from slackbot.slack import blocks, messages, reactions
from slackbot.slack.decorations import Decorations
from slackbot.slack.errors import SlackRefused
from slackbot.slack.files import SharedFile
from slackbot.slack.workspaces import OneWorkspace
from tests.slackbot.jobs.recorded_jobs import BOT, FakeSlack

JOB = Job("T1", "C1", "1.5", "1.5", Options(help=True), ("F-good",), "U1")
UNUSED: Any = SimpleNamespace()


@pytest.fixture
def slack() -> FakeSlack:
    return FakeSlack()


@pytest.fixture
def steps(slack, store, tmp_path: Path) -> JobSteps:
    tracker, folder = JobTracker(JobLimits(), QueueTable(store.engine, ONLY), time.time), tmp_path / "photos"
    client: Any = slack
    workspaces = OneWorkspace(client, BOT)
    kept = (tracker, store, Posts(store, OnlyBot(None)), UNUSED)
    return JobSteps(workspaces, Decorations(workspaces), UNUSED, folder, PhotoLimits(), UNUSED, UNUSED, *kept)


@pytest.fixture
def workflow(steps):
    """The workflow of a job, with what does its steps."""

    def made(step) -> Callable[[Job], str]:
        def run(job: Job) -> str:
            steps.decorations.start()
            reaction = PhotoWorkflow(steps, UNUSED, step)(job)
            steps.decorations.close(20)
            assert not steps.tracker.has(job.id)
            assert list(steps.folder.glob("*")) == []
            return reaction

        return run

    return made


@pytest.fixture
def ended(workflow):
    """The reaction of a job whose step of this name raises KeyError."""

    def run(broken: str) -> str:
        def step(work, *args):
            if work.__name__ == broken:
                raise KeyError(broken)
            return work(*args)

        return workflow(step)(JOB)

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


@pytest.mark.parametrize(
    "trouble",
    [
        SlackRefused("user_not_in_channel", "chat_postEphemeral"),
        dbos_error.DBOSMaxStepRetriesExceeded("tell_user", 8, []),
    ],
)
def test_a_word_to_the_asker_that_slack_does_not_take_is_left_out(workflow, slack, trouble):
    def step(work, *args):
        if work.__name__ == "share":
            raise SlackRefused("not_in_channel", "chat_postMessage")
        if work.__name__ == "tell_user":
            raise trouble
        return work(*args)

    assert workflow(step)(JOB) == reactions.FAILED
    assert replies(slack) == []


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (SlackRefused("not_in_channel", "chat_postMessage"), ["post_ephemeral"]),
        (dbos_error.DBOSMaxStepRetriesExceeded("share", 8, []), ["post_ephemeral"]),
        (JobCancelled(), []),
    ],
)
def test_what_cannot_be_said_in_the_thread_the_asker_is_told_and_nothing_stays(steps, slack, trouble, told):
    def step(work, *args):
        if work.__name__ == "share":
            raise trouble
        return work(*args)

    steps.tracker.add(JOB)
    (steps.folder / JOB.id).mkdir(parents=True)

    PhotoWorkflow(steps, UNUSED, step).notify(JOB, "hello", steps.share, [], "hello")

    assert [method for method, _, args in slack.calls if "hello" in args] == told
    assert list(steps.folder.glob("*")) == []
    assert not steps.tracker.table.has(JOB.id)


def test_an_answer_that_comes_too_late_for_its_address_is_shown_in_the_thread(tmp_path, slack):
    shown: list[str] = []
    slack.post_ephemeral = lambda _channel, _user, text, *_: shown.append(text)
    slack.respond = lambda *_: shown.append("at the address")
    store: Any = SimpleNamespace(answer_address={"kept": "https://hooks.slack.com/1"}.get)
    client: Any = slack
    kept = (UNUSED, store, UNUSED, UNUSED)
    steps = JobSteps(OneWorkspace(client, BOT), UNUSED, UNUSED, tmp_path, PhotoLimits(), UNUSED, UNUSED, *kept)
    steps.tell_user(replace(JOB, answer="kept"), "hello")
    before = expired()
    steps.tell_user(replace(JOB, answer="gone"), "hello")
    assert shown == ["at the address", "hello"]
    assert expired() == before + 1


def test_who_deletes_a_reply_is_told_where_slack_never_did_it(tmp_path, slack):
    told: list[str] = []
    slack.post_ephemeral = lambda _channel, _user, text, *_: told.append(text)
    client: Any = slack
    kept = (UNUSED, UNUSED, UNUSED, UNUSED)
    steps = JobSteps(OneWorkspace(client, BOT), UNUSED, UNUSED, tmp_path, PhotoLimits(), UNUSED, UNUSED, *kept)

    def step(work, *args):
        if work.__name__ == "take_back":
            raise dbos_error.DBOSMaxStepRetriesExceeded("take_back", 8, [])
        return work(*args)

    PhotoWorkflow(steps, UNUSED, step).finish_click(JOB, "F-old", "")
    assert told == [messages.NOT_DELETED]


def second_try(outcomes: dict[str, Outcome], taking_back: BotError | dbos_error.DBOSException | None = None):
    """A step of a job that replaces a reply: the outcome of each photo by its id, and what goes wrong at the end."""

    def step(work, *args):
        if work.__name__ in ("fetch", "share", "upload", "count"):
            return "F9"
        if work.__name__ == "find":
            return [SharedFile(file, f"{file}.png", 1, "https://files") for file in outcomes]
        if work.__name__ == "enhance":
            outcome = outcomes[args[2].id]
            if outcome.refusal:
                raise PhotoError(outcome.refusal)
            return Result(outcome, "0.png", "0.png")
        if work.__name__ == "take_back" and taking_back:
            raise taking_back
        return work(*args)

    return step


AGAIN = replace(JOB, options=Options(scale=2), variant="2x-F-old", replaces="F-old")


@pytest.mark.parametrize(
    ("second", "gone"),
    [
        ({"F1": Outcome("a", version="3"), "F2": Outcome("b")}, True),
        ({"F1": Outcome("a", version="3"), "F2": Outcome("b", reason="the model server is down")}, False),
        ({"F1": Outcome("a", version="3"), "F2": Outcome("b", refusal="it is gone")}, False),
        ({"F1": Outcome("a"), "F2": Outcome("b"), "F3": Outcome("c", refusal="no photo, as before")}, True),
    ],
)
def test_a_reply_is_replaced_where_each_of_its_photos_is_as_good_again(workflow, slack, second, gone):
    (row,) = [block for block in blocks.result(["old"], "job", "F-old", True, ["F1", "F2"]) if "block_id" in block]
    slack.thread = lambda *_: [{"ts": "1.6", "user": BOT, "files": [{"id": "F-old"}], "blocks": [row]}]
    workflow(second_try(second))(AGAIN)
    assert ("delete" in [method for method, _, _ in slack.calls]) is gone


def test_the_files_of_a_photo_are_gone_before_the_next_one_is_fetched(workflow, steps):
    """Also of one that is refused: ten of them may fill a disk."""
    left: list[list[str]] = []
    folder = steps.folder / JOB.id

    def step(work, *args):
        name = work.__name__
        if name == "find":
            return [SharedFile(f"F{number}", f"{number}.png", 1, "https://files") for number in range(3)]
        if name == "fetch":
            folder.mkdir(parents=True, exist_ok=True)
            left.append([file.name for file in folder.iterdir()])
            (folder / f"{args[1]}.photo").touch()
            return None
        if name == "enhance":
            if args[1] == 1:
                raise PhotoError("it is no photo.")
            files = f"{args[1]}.png", f"{args[1]}.compare.png"
            for file in files:
                (folder / file).touch()
            return Result(Outcome("a", version="3"), files[0], "a_4x.png", files[1])
        done = {"upload": "F9", "upload_comparison": ("F8", "a_compare.png"), "share": None, "count": None}
        return done[name] if name in done else work(*args)

    assert workflow(step)(replace(JOB, options=Options(compare=True))) == reactions.PARTLY
    assert left == [[], [], []]


@pytest.mark.parametrize(
    "trouble",
    [SlackRefused("cant_delete_message", "chat_delete"), dbos_error.DBOSMaxStepRetriesExceeded("take_back", 8, [])],
)
def test_a_reply_that_cannot_be_taken_back_makes_no_failure_of_the_new_one(workflow, slack, trouble):
    step = second_try({"F1": Outcome("a", version="3")}, trouble)
    assert workflow(step)(AGAIN) == reactions.ENHANCED
    assert "post_ephemeral" not in [method for method, _, _ in slack.calls]


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
