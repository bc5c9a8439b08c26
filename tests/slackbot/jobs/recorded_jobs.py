"""Jobs that were stopped before each of their steps, as a committed database, and today's code that finishes them.

    python -m tests.slackbot.jobs.recorded_jobs record     writes recorded_jobs.sql anew
    python -m tests.slackbot.jobs.recorded_jobs finish F    finishes the jobs of database F; prints what became of them

The database is written anew with a new APPLICATION_VERSION, and otherwise never: bots out there hold such jobs.
"""

import contextlib
import io
import json
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from dbos import DBOS
from PIL import Image

from slackbot.inference.enhancer import Enhancer
from slackbot.job import Job, Options
from slackbot.jobs.commands import ChatCommands
from slackbot.jobs.enqueue import enqueue
from slackbot.jobs.liveness import OnlyBot
from slackbot.jobs.photo_memory import PhotoMemory
from slackbot.jobs.posts import Posts
from slackbot.jobs.queue_table import QueueTable
from slackbot.jobs.queues import Jobs
from slackbot.jobs.quotas import Quotas
from slackbot.jobs.retention import UNFINISHED
from slackbot.jobs.shares import COMMANDS, PHOTOS
from slackbot.jobs.steps import JobSteps
from slackbot.jobs.store import Store
from slackbot.jobs.tracker import JobTracker
from slackbot.limits import JobLimits, PhotoLimits, ServerLimits, SlackLimits
from slackbot.ops.budget import Budget
from slackbot.slack.decorations import Decorations
from slackbot.slack.errors import SlackRefused, SlackUnavailable
from slackbot.slack.workspaces import OneWorkspace

RECORD = Path(__file__).with_name("recorded_jobs.sql")
BOT, PERSON, CHANNEL = "UBOT", "U1", "C1"

# What each sort of job does, in order; how the bot's reply begins.
SORTS = {
    "two photos": (
        "begin find fetch enhance upload upload_comparison fetch enhance share count end",
        "*good.png*: 8 × 6 → 32 × 24, enhanced by model version 7",
    ),
    "too large for Slack": (
        "begin find fetch enhance upload enhance_smaller upload share count end",
        "*large.png*: 8 × 6 → 16 × 12",
    ),
    "again at 2x": ("begin find fetch enhance upload share count take_back end", "*good.png*: 8 × 6 → 16 × 12"),
    "Slack is away": ("begin find share end", "Slack did not hand me the file"),
    "not allowed": ("begin find share end", "I am not in this channel"),
    "status": ("begin run share end", "The model server"),
    "help": ("begin find share end", "Hi! Share a photo"),
    "cancelled": ("begin find clear_status end", ""),
    "declined": ("share", ""),
    "clicked": ("take_back tell_user", ""),
    "home": ("show_home", ""),
}


def job_of(sort: str, stop: int) -> Job:
    """The job of a sort that is stopped before its step number `stop`."""
    options = {
        "two photos": Options(compare=True),
        "again at 2x": Options(scale=2),
        "status": Options(command="status"),
        "help": Options(help=True),
    }
    files = {
        "two photos": ("F-good", "F-bad"),
        "too large for Slack": ("F-large",),
        "again at 2x": ("F-good",),
        "Slack is away": ("F-away",),
        "not allowed": ("F-forbidden",),
        "cancelled": ("F-good",),
    }
    ts = f"{list(SORTS).index(sort) + 1}.{stop}"
    again: dict[str, Any] = {"variant": "2x-F-old", "replaces": "F-old"} if sort == "again at 2x" else {}
    return Job("T1", CHANNEL, ts, ts, options.get(sort, Options()), files.get(sort, ()), PERSON, **again)


class FakeSlack:
    """Takes all that the steps do, and remembers it as (method, thread or file, text)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        def call(*args: Any) -> None:
            self.calls.append((name, "", repr(args)))

        call.__name__ = name
        return call

    def thread(self, channel: str, root: str, until: str | None = None) -> list[dict[str, Any]]:  # noqa: ARG002
        return [{"ts": f"{root}9", "user": BOT, "text": "old", "files": [{"id": "F-old"}]}]

    def file(self, file_id: str) -> dict[str, Any]:
        if file_id == "F-away":
            raise SlackUnavailable("Slack is out of reach.")
        if file_id == "F-forbidden":
            raise SlackRefused("not_in_channel", "files_info")
        name = f"{file_id.removeprefix('F-')}.png"
        return {"id": file_id, "name": name, "mode": "hosted", "size": 100, "url_private": f"https://files/{file_id}"}

    def known_file(self, file_id: str) -> dict[str, Any]:
        return self.file(file_id)

    def download(self, address: str, path: Path, most: int) -> None:  # noqa: ARG002
        content = io.BytesIO()
        Image.effect_mandelbrot((8, 6), (-2, -1, 1, 1), 20).convert("RGB").save(content, "PNG")
        path.write_bytes(b"%PDF-1.7" if address.endswith("F-bad") else content.getvalue())

    def upload(self, path: Path, name: str, alt: str) -> str:
        if name == "large_4x.png":
            raise SlackRefused("file_upload_size_restricted", "files_getUploadURLExternal")
        self.calls.append(("upload", name, alt))
        return f"F-{path.name}"

    def share(self, uploads: list[tuple[str, str]], channel: str, thread: str, text: str, blocks: Any) -> None:
        del uploads, channel, blocks
        self.calls.append(("reply", thread, text))

    def post_message(self, channel: str, thread: str, text: str) -> None:
        del channel
        self.calls.append(("reply", thread, text))


class NearestServer:
    """Repeats each pixel."""

    def check(self) -> None: ...
    def find_model(self) -> None: ...

    def enlarge(self, tile: np.ndarray) -> tuple[np.ndarray, str]:
        return tile.repeat(4, axis=0).repeat(4, axis=1), "7"


class StoppingJobs(Jobs):
    """Stops each job before the step that its ts says, and with one more step in each where `changed`."""

    stopping = False
    changed = False

    def prepare(self) -> None:
        self.stopped: set[str] = set()
        self.seen: Counter[str] = Counter()
        self.at: dict[str, int] = {}

    def _step(self, work: Callable[..., Any], *args: Any) -> Any:
        name = str(DBOS.workflow_id)
        if self.stopping and self.seen[name] == self.at.get(name):
            self.stopped.add(name)
            threading.Event().wait()  # for ever: the process ends first
        self.seen[name] += 1
        if self.changed and work.__name__ == "find":
            super()._step(self._steps.clear_status, *args)
        return super()._step(work, *args)


def jobs_on(database: Path, slack: FakeSlack, store: Store) -> StoppingJobs:
    limits = JobLimits(jobs_at_once=200, commands_at_once=200, jobs_waiting=1000)
    bots = OnlyBot(database)
    tracker = JobTracker(limits, QueueTable(store.engine, bots.executor), time.time)
    enhancer = Enhancer(NearestServer(), ServerLimits(), PhotoLimits())
    client: Any = slack
    workspaces = OneWorkspace(client, BOT)
    folder = database.with_name("photos")
    decorations = Decorations(workspaces)
    decorations.start()
    posts = Posts(store, bots)
    room = threading.Semaphore(2)
    memory = PhotoMemory(Budget(lambda: 2**30), store, PhotoLimits())
    kept = (tracker, store, posts, Quotas(store.engine, limits))
    steps = JobSteps(workspaces, decorations, enhancer, folder, PhotoLimits(), room, memory, *kept)
    commands = ChatCommands(workspaces, tracker, store, enhancer, PhotoLimits())
    slack_limits = SlackLimits(slack_attempts=2, slack_pause=0.0)
    jobs = StoppingJobs(f"sqlite:///{database}", steps, commands, tracker, store, bots, limits, slack_limits)
    jobs.prepare()
    return jobs


def record() -> None:
    """Run every sort of job up to each of its steps, and write down the database as it then is."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "bot.sqlite"
        store = Store(f"sqlite:///{database}")
        jobs = jobs_on(database, FakeSlack(), store)
        jobs.stopping = True
        jobs.start()
        for sort, (steps, _) in SORTS.items():
            for stop in range(len(steps.split())):
                write_down(jobs, store, sort, stop)
        while len(jobs.stopped) < len(jobs.at):
            threading.Event().wait(0.1)
        with contextlib.closing(sqlite3.connect(database)) as connection:
            check_names(connection)
            RECORD.write_text("\n".join(line for line in connection.iterdump() if "sqlite_sequence" not in line) + "\n")
    print(f"{len(jobs.at)} jobs in {RECORD.name}", flush=True)


def write_down(jobs: StoppingJobs, store: Store, sort: str, stop: int) -> None:
    """Write one job down, as `Jobs.accept` and `Jobs.click` do, under a name that says what it is."""
    job, name = job_of(sort, stop), f"{sort} {stop}"
    jobs.at[name] = stop
    if sort == "cancelled":
        store.stop(job.id)
    workflows = {
        "declined": (COMMANDS, jobs._decline, (job, 3)),
        "clicked": (COMMANDS, jobs._after_click, (job, "F-old", "2x is on its way.")),
        "home": (COMMANDS, jobs._home, (PERSON,)),
    }
    queue, workflow, arguments = workflows.get(sort, (PHOTOS, jobs._answer, (job,)))
    enqueue(queue, name, None, workflow, *arguments)


def check_names(connection: sqlite3.Connection) -> None:
    """The recorded steps are those that SORTS names."""
    rows = connection.execute("select workflow_uuid, function_name from operation_outputs order by 1, function_id")
    recorded: dict[str, list[str]] = {}
    for name, step in rows:
        recorded.setdefault(name, []).append(step)
    for sort, (steps, _) in SORTS.items():
        for stop in range(1, len(steps.split())):
            assert recorded[f"{sort} {stop}"] == steps.split()[:stop], (sort, stop, recorded[f"{sort} {stop}"])


def finish(database: Path, changed: bool) -> None:
    """Finish what the database holds; print the status of each job and what Slack was told, as JSON."""
    slack = FakeSlack()
    jobs = jobs_on(database, slack, Store(f"sqlite:///{database}"))
    jobs.changed = changed
    jobs.start()
    while DBOS.list_workflows(status=UNFINISHED, load_input=False, load_output=False):
        threading.Event().wait(0.1)
    ended = DBOS.list_workflows(load_input=False, load_output=False)
    print(json.dumps({"statuses": {one.workflow_id: one.status for one in ended}, "calls": slack.calls}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "record":
        record()
    else:
        finish(Path(sys.argv[2]), "changed" in sys.argv[3:])
    os._exit(0)
