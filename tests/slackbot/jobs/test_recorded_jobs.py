"""Jobs that an earlier bot began and recorded are finished by today's, whichever step they were stopped at."""

import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.slackbot.jobs.pickles import pickles_in
from tests.slackbot.jobs.recorded_jobs import RECORD, SORTS, job_of

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.timeout(1000)


def finished(folder: Path, *more: str) -> dict[str, Any]:
    """What became of the recorded jobs, once a bot of today has been at work."""
    database = folder / "bot.sqlite"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.executescript(RECORD.read_text())
    command = [sys.executable, "-m", "tests.slackbot.jobs.recorded_jobs", "finish", str(database), *more]
    return json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)


def wrongs(ended: dict[str, Any]) -> list[str]:
    """The jobs that did not end as they should have."""
    replies: dict[str, list[str]] = {}
    for method, thread, text in ended["calls"]:
        if method == "reply":
            replies.setdefault(thread, []).append(text)
    found = []
    for sort, (steps, reply) in SORTS.items():
        for stop in range(len(steps.split())):
            name = f"{sort} {stop}"
            said = replies.get(job_of(sort, stop).thread_ts, [])
            todo = "share" in steps.split()[stop:]
            if ended["statuses"][name] != "SUCCESS":
                found.append(f"{name}: {ended['statuses'][name]}")
            if len(said) != todo or any(not text.startswith(reply) for text in said):
                found.append(f"{name}: {said}")
    return found


def test_jobs_stopped_at_every_step_are_finished(tmp_path):
    assert wrongs(finished(tmp_path)) == []
    assert pickles_in(tmp_path / "bot.sqlite") == []


def test_another_order_of_steps_is_noticed_and_the_person_is_told(tmp_path):
    """`DBOS.patch` is the way to another order: without it jobs of bots out there would end like this."""
    ended = finished(tmp_path, "changed")

    assert [one for one in wrongs(ended) if one.startswith("two photos 4")]
    told = [thread for method, thread, text in ended["calls"] if method == "reply" and "Something went wrong" in text]
    assert job_of("two photos", 4).thread_ts in told
    assert job_of("two photos", 0).thread_ts not in told, "it had recorded nothing"


def test_the_record_covers_every_step():
    """A step that is new is recorded by `python -m tests.slackbot.jobs.recorded_jobs record`, or `SORTS` is wrong."""
    workflow = (ROOT / "slackbot/jobs/workflow.py").read_text() + (ROOT / "slackbot/jobs/queues.py").read_text()
    named = {step for steps, _ in SORTS.values() for step in steps.split()}
    missing = [step for step in named if f".{step}," not in workflow]
    assert missing == []
    text = RECORD.read_text()
    assert all(f"'{sort} {stop}'" in text for sort, (steps, _) in SORTS.items() for stop in range(len(steps.split())))


@pytest.mark.parametrize("size", [200_000])
def test_the_record_is_small(size):
    assert len(RECORD.read_bytes()) < size
