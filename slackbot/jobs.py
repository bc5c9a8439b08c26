"""Durable jobs: written down in the database before Slack is acknowledged, and finished by whichever process lives.

Each step's result is recorded when it ends. A killed process's jobs go on at the next start with the step that was cut
off. A job's id comes from its message, so that any number of events about one message is one job.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID
from sqlalchemy.exc import SQLAlchemyError

from slackbot import buttons, metrics, progress, replies, retention
from slackbot.answer import Answer
from slackbot.board import Board
from slackbot.buttons import Click
from slackbot.database import engine_options, keep_few_pages, prepare, wait_for_disk
from slackbot.errands import Errands
from slackbot.errors import SettingsError, SlackUnavailable
from slackbot.job import Job, job_id
from slackbot.notebook import Notebook
from slackbot.settings import Settings
from slackbot.words import Wish
from slackbot.workshop import Workshop

log = logging.getLogger(__name__)

PHOTOS, ERRANDS = "photos", "errands"
# Pinned: with one version for every release, an upgraded bot finishes the jobs of the one before it. What is recorded
# (Job, SharedFile, Made, Outcome) may gain fields that have defaults, and the order of the steps must not change.
APPLICATION_VERSION = "1"
_UNFINISHED = ["ENQUEUED", "PENDING"]

# What `/metrics` calls the end of a job, by the reaction that shows it.
_OUTCOMES = {progress.ENHANCED: "enhanced", progress.BICUBIC: "bicubic", progress.FAILED: "failed", "": "words"}

Result = TypeVar("Result")


class Jobs:
    """The queues of one process. There is one DBOS in a process, so there is one of these."""

    def __init__(
        self, settings: Settings, workshop: Workshop, errands: Errands, board: Board, notebook: Notebook
    ) -> None:
        self._settings = settings
        self._workshop = workshop
        self._errands = errands
        self._board = board
        self._notebook = notebook
        self._limits = workshop.limits
        self._stopping = threading.Event()

    def start(self) -> None:
        """Open the database, take up what an earlier process left, and begin to work. Raises SettingsError."""
        try:
            self._start()
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise SettingsError(f"The database of DATABASE_URL cannot be opened ({type(error).__name__}).") from error

    def _start(self) -> None:
        keep_few_pages()
        if self._settings.database_file:
            prepare(self._settings.database_file)
        self._notebook.open()
        config: DBOSConfig = {
            "name": "enhancer-bot",
            "system_database_url": self._settings.database_url,
            "application_version": APPLICATION_VERSION,
            "db_engine_kwargs": engine_options(self._settings.database_url),
            "log_level": "ERROR",  # its warnings of a step tried again come with a traceback; `_passing` tells them
        }
        DBOS(config=config)
        answering = Answer(self._workshop, self._errands, self._step)

        @DBOS.workflow(name="answer")
        def answer(job: Job) -> None:
            try:
                metrics.JOBS.labels(_OUTCOMES[answering(job)]).inc()
            finally:
                self._board.end(job.id)

        @DBOS.workflow(name="decline")
        def decline(job: Job, minutes: int) -> None:
            self._step(self._workshop.share, job, [], replies.full(minutes))
            self._workshop.clean(job)

        @DBOS.workflow(name="after a click")
        def after_click(job: Job, unwanted: str, text: str) -> None:
            if unwanted:
                self._step(self._workshop.take_back, job, unwanted)
            if text:
                self._step(self._workshop.answer, job, text)

        @DBOS.workflow(name="home")
        def home(user: str) -> None:
            self._step(self._errands.show_home, user)

        self._answer, self._decline, self._after_click, self._home = answer, decline, after_click, home
        DBOS.launch()
        wait_for_disk()  # not before: a database that cannot even be opened is a wrong setting
        for left in DBOS.list_workflows(status="ENQUEUED", queue_name=PHOTOS, load_output=False):
            if left.input:
                self._board.add(left.input["args"][0])
        threading.Thread(target=self._forget, name="retention", daemon=True).start()
        for queue, at_once in ((PHOTOS, self._limits.jobs_at_once), (ERRANDS, self._limits.errands_at_once)):
            DBOS.register_queue(queue, worker_concurrency=at_once, polling_interval_sec=self._limits.poll_seconds)

    def accept(self, job: Job) -> None:
        """Write a job down. When this returns, the job survives the process; a job that is known already stays one."""
        if job.wish.errand or job.wish.help:
            self._enqueue(ERRANDS, job.id, None, self._answer, job)
        elif self._board.is_full and not self._board.has(job.id):
            self._enqueue(ERRANDS, job.id, None, self._decline, job, self._board.minutes())
        else:
            self._accept_photos(job)

    def _accept_photos(self, job: Job) -> None:
        priority = self._board.add(job)
        try:
            ended = self._enqueue(PHOTOS, job.id, priority, self._answer, job)
        except BaseException:
            self._board.end(job.id)
            raise
        if ended:  # an event that came late or again
            self._board.end(job.id)

    def stop_message(self, team: str, channel: str, message: str) -> None:
        """A message was deleted, and what it asked for is no longer wanted."""
        jobs = {entry.job.id for entry in self._board.entries() if entry.job.is_about(team, channel, message)}
        for job in jobs | {job_id(team, channel, message)}:
            if self._is_unfinished(job):
                self._notebook.stop(job)

    def click(self, click: Click) -> None:
        """Do what a button says, for the one who asked for the job; everybody sees those under a result."""
        file_id, job = click.file_id, self._find(click.job)
        there = job or Job("", click.channel, click.thread, click.thread, Wish())
        here = replace(there, asker=click.person, answer_url=click.answer_url if click.action == buttons.CANCEL else "")
        unwanted = text = ""
        if job is None:
            text = replies.forgotten(self._limits.remembered_days)
        elif job.asker != click.person:
            text = replies.NOT_YOURS
        elif click.action == buttons.CANCEL:
            text = replies.CANCELLED if self._is_unfinished(job.id) else replies.TOO_LATE
            self._notebook.stop(job.id)
        elif click.action == buttons.SMALLER:
            text = replies.AGAIN
            again = replace(job, wish=replace(job.wish, scale=2), tag=f"2x-{file_id}", replaces=file_id, answer_url="")
            self.accept(again)
        else:
            unwanted = file_id
        name = f"{click.job}-{click.action}-{file_id}-{click.person}"
        self._enqueue(ERRANDS, name, None, self._after_click, here, unwanted, text)

    def open_home(self, person: str) -> None:
        """Somebody looks at the App Home."""
        DBOS.enqueue_workflow(ERRANDS, self._home, person)

    def depth(self) -> int:
        """How many jobs are written down and not ended."""
        return len(DBOS.list_workflows(status=_UNFINISHED, load_input=False, load_output=False))

    def _forget(self) -> None:
        """At the start and once in a while, throw away what ended long ago: nobody asks for it any more."""
        while True:
            try:
                days = timedelta(days=self._limits.remembered_days)
                retention.forget(datetime.now(UTC) - days, self._notebook)
            except SQLAlchemyError as error:
                log.warning("old jobs are not forgotten for now (%s)", type(error).__name__)
            if self._stopping.wait(self._limits.forget_every):
                return

    def stop(self) -> None:
        """Take no more jobs, give running ones a few seconds; the rest is finished at the next start."""
        self._stopping.set()
        DBOS.destroy(workflow_completion_timeout_sec=self._limits.shutdown_seconds)
        self._notebook.close()

    def _enqueue(self, queue: str, name: str, priority: int | None, workflow: Callable[..., None], *args: Any) -> bool:
        """Write a workflow down under an id; whether one of that id has ended already."""
        with SetWorkflowID(name), SetEnqueueOptions(priority=priority):
            DBOS.enqueue_workflow(queue, workflow, *args)
        return not self._is_unfinished(name)

    def _is_unfinished(self, job: str) -> bool:
        return bool(
            DBOS.list_workflows(workflow_ids=[job], status=_UNFINISHED, load_input=False, load_output=False, limit=1)
        )

    def _find(self, job: str) -> Job | None:
        found = DBOS.list_workflows(workflow_ids=[job], name="answer", load_output=False, limit=1)
        return found[0].input["args"][0] if found and found[0].input else None

    def _step(self, work: Callable[..., Result], *args: Any) -> Result:
        """Run one step once: its result or error is recorded. Only Slack's absence is worth another try."""
        return DBOS.run_step(
            {
                "name": work.__name__,
                "retries_allowed": True,
                "max_attempts": self._limits.slack_attempts,
                "interval_seconds": self._limits.slack_pause,
                "backoff_rate": 2.0,
                "should_retry": _passing,
            },
            metrics.timed(work),
            *args,
        )


def _passing(error: BaseException) -> bool:
    """Whether a step that failed so is worth another try."""
    if isinstance(error, SlackUnavailable):
        log.warning("%s Trying again.", error)
        return True
    return False
