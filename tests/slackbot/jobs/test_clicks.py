"""What buttons do, on a real store; what would be written down is looked at."""

import pytest

from slackbot.job import Job, Options, Outcome
from slackbot.jobs.clicks import Clicks
from slackbot.jobs.lookup import State
from slackbot.jobs.store import Store
from slackbot.slack import blocks, feedback, messages
from slackbot.slack.blocks import parse_click

ASKED = Job("T1", "C1", "1.2", "1.2", Options(format="PNG", asked_scale=8), ("F1",), "ada")


class Written:
    """Jobs that were written down, each with whether it has ended; `minutes` is said where too many wait."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.ended: set[str] = set()
        self.minutes = 0

    def accept(self, job: Job) -> int:
        if not self.minutes:
            self.jobs.setdefault(job.id, job)
        return self.minutes

    def state(self, job: str) -> State:
        if job not in self.jobs:
            return State.UNKNOWN
        return State.ENDED if job in self.ended else State.UNFINISHED


@pytest.fixture
def written() -> Written:
    written = Written()
    written.accept(ASKED)
    return written


@pytest.fixture
def clicks(store: Store, written: Written) -> Clicks:
    return Clicks(store, 30, written.accept, written.state)


def click(clicks: Clicks, action: str, value: str = f"{ASKED.id} F9") -> tuple[str, str]:
    body = {"user": {"id": "ada"}, "container": {"channel_id": "C1", "message_ts": "1.3"}}
    return clicks.obey(parse_click({"action_id": action, "value": value, "action_ts": "9.9"}, body), ASKED)


def test_delete_alone_deletes(clicks, store):
    assert click(clicks, blocks.DELETE) == ("F9", "")
    assert click(clicks, "of another version") == ("", "")
    assert click(clicks, feedback.FEEDBACK, f"{ASKED.id} F9 good and something else") == ("", "")
    outcome = Outcome("a.jp2", before=(9, 9), after=(36, 36), version="3", source_format="JPEG 2000", format="JPEG")
    value = f"{ASKED.id} F9 bad {feedback.describe([outcome])}"
    assert click(clicks, feedback.FEEDBACK, value) == ("", messages.THANKS)
    assert store.ratings() == [("3", 0, 1)]


def test_2x_instead_is_one_job_until_it_has_failed(clicks, written):
    for _ in range(2):
        assert click(clicks, blocks.SMALLER) == ("", messages.AGAIN)
    _, first = written.jobs.values()
    assert first.options == Options(format="PNG", scale=2), "8x was asked for, and it is not 4x"
    assert first.replaces == "F9"

    written.ended.add(first.id)
    for _ in range(2):
        assert click(clicks, blocks.SMALLER) == ("", messages.AGAIN)
    _, _, second = written.jobs.values()
    assert (second.options, second.replaces) == (first.options, first.replaces)

    written.ended.add(second.id)
    click(clicks, blocks.SMALLER)
    assert len(written.jobs) == 4


@pytest.mark.parametrize(("action", "text"), [(blocks.SMALLER, messages.AGAIN), (blocks.ABOVE, messages.ABOVE)])
def test_where_too_many_wait_the_click_is_told_and_nothing_written_down(clicks, written, action, text):
    value = f"{ASKED.id} {'1.1' if action == blocks.ABOVE else 'F9'}"
    written.minutes = 3
    assert click(clicks, action, value) == ("", messages.full(3))
    assert list(written.jobs) == [ASKED.id]

    written.minutes = 0
    assert click(clicks, action, value) == ("", text)
    assert len(written.jobs) == 2


def test_cancel_comes_too_late_once_the_reply_is_being_posted(clicks, store):
    store.begin_post(ASKED.id, "files", "a bot")
    assert click(clicks, blocks.CANCEL) == ("", messages.TOO_LATE)


def test_cancel_comes_too_late_once_the_job_has_ended(clicks, written):
    assert click(clicks, blocks.CANCEL) == ("", messages.CANCELLED)
    written.ended.add(ASKED.id)
    assert click(clicks, blocks.CANCEL) == ("", messages.TOO_LATE)
