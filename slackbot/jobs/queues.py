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

from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID, WorkflowStatus
from sqlalchemy.exc import SQLAlchemyError

from slackbot.errors import SettingsError
from slackbot.job import Job, Options, job_id
from slackbot.jobs import retention
from slackbot.jobs.commands import ChatCommands
from slackbot.jobs.database import engine_options, prepare, set_up_connections, wait_for_disk
from slackbot.jobs.retention import UNFINISHED
from slackbot.jobs.serializer import JobSerializer, refuse_pickles
from slackbot.jobs.steps import JobSteps
from slackbot.jobs.store import Store
from slackbot.jobs.tracker import JobTracker
from slackbot.jobs.workflow import OUTCOMES, PhotoWorkflow
from slackbot.limits import JobLimits, SlackLimits
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal
from slackbot.slack import blocks, messages
from slackbot.slack.blocks import Click
from slackbot.slack.errors import SlackUnavailable

log = logging.getLogger(__name__)

PHOTOS, COMMANDS = "photos", "commands"
# Pinned: with one version for every release, an upgraded bot finishes the jobs of the one before it. What is recorded
# (`slackbot.jobs.serializer`) may gain fields that have defaults, and the order of the steps must not change.
APPLICATION_VERSION = "2"

T = TypeVar("T")


class Jobs:
    """The queues of one process. There is one DBOS in a process, so there is one of these."""

    def __init__(
        self,
        database_url: str,
        steps: JobSteps,
        commands: ChatCommands,
        tracker: JobTracker,
        store: Store,
        limits: JobLimits,
        slack_limits: SlackLimits,
    ) -> None:
        self._database_url = database_url
        self._steps = steps
        self._commands = commands
        self._tracker = tracker
        self._store = store
        self._limits, self._slack_limits = limits, slack_limits
        self._stopping = threading.Event()

    def start(self) -> None:
        """Open the database, take up what an earlier process left, and begin to work. Raises SettingsError."""
        try:
            self._start()
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise SettingsError(f"The database of DATABASE_URL cannot be opened ({type(error).__name__}).") from error

    def _start(self) -> None:
        set_up_connections()
        prepare(self._database_url)
        self._store.open()
        config: DBOSConfig = {
            "name": "enhancer-bot",
            "system_database_url": self._database_url,
            "application_version": APPLICATION_VERSION,
            "serializer": JobSerializer(),
            "db_engine_kwargs": engine_options(self._database_url),
            "log_level": "ERROR",  # its warnings of a step tried again come with a traceback; `_passing` tells them
        }
        refuse_pickles()
        DBOS(config=config)
        self._register_workflows()
        DBOS.launch()
        self._tell_of_other_versions()
        wait_for_disk()  # not before: a database that cannot even be opened is a wrong setting
        self._track_waiting()
        threading.Thread(target=self._clean_up_regularly, name="retention", daemon=True).start()
        for queue, at_once in ((PHOTOS, self._limits.jobs_at_once), (COMMANDS, self._limits.commands_at_once)):
            DBOS.register_queue(queue, worker_concurrency=at_once, polling_interval_sec=self._limits.poll_seconds)

    def _register_workflows(self) -> None:
        """Name the workflows to DBOS, before it starts: recorded jobs are found by these names."""
        answering = PhotoWorkflow(self._steps, self._commands, self._step)

        @DBOS.workflow(name="answer")
        def answer(job: Job) -> None:
            try:
                metrics.JOBS.labels(OUTCOMES[answering(job)]).inc()
            finally:
                self._tracker.end(job.id)

        @DBOS.workflow(name="decline")
        def decline(job: Job, minutes: int) -> None:
            metrics.refuse(Refusal.QUEUE_FULL)  # here, where several events about one message are one job
            self._step(self._steps.share, job, [], messages.full(minutes))
            self._steps.clean(job)

        @DBOS.workflow(name="after a click")
        def after_click(job: Job, unwanted: str, text: str) -> None:
            if unwanted:
                self._step(self._steps.take_back, job, unwanted)
            if text:
                self._step(self._steps.tell_user, job, text)

        @DBOS.workflow(name="home")
        def home(user: str) -> None:
            self._step(self._commands.show_home, user)

        self._answer, self._decline, self._after_click, self._home = answer, decline, after_click, home

    def _track_waiting(self) -> None:
        """Count the jobs that an earlier process left in the queue."""
        for left in DBOS.list_workflows(
            status="ENQUEUED", queue_name=PHOTOS, app_version=APPLICATION_VERSION, load_output=False
        ):
            job = _job_of(left)
            if job:
                self._tracker.add(job)

    def _tell_of_other_versions(self) -> None:
        """An older version's records are pickles, which are not opened; but its own process may still run."""
        unfinished = DBOS.list_workflows(status=UNFINISHED, load_input=False, load_output=False)
        others = sum(workflow.app_version != APPLICATION_VERSION for workflow in unfinished)
        if others:
            log.warning("%d jobs of another version are left to it; without it, people have to ask again", others)

    def accept(self, job: Job) -> None:
        """Write a job down. When this returns, the job survives the process; a job that is known already stays one."""
        job = self._without_address(job)
        if job.options.command or job.options.help:
            self._enqueue(COMMANDS, job.id, None, self._answer, job)
        elif self._tracker.is_full and not self._tracker.has(job.id):
            self._enqueue(COMMANDS, job.id, None, self._decline, job, self._tracker.minutes())
        else:
            self._accept_photos(job)

    def _accept_photos(self, job: Job) -> None:
        priority = self._tracker.add(job)
        try:
            ended = self._enqueue(PHOTOS, job.id, priority, self._answer, job)
        except BaseException:
            self._tracker.end(job.id)
            raise
        if ended:  # an event that came late or again
            self._tracker.end(job.id)

    def stop_message(self, team: str, channel: str, message: str) -> None:
        """A message was deleted, and what it asked for is no longer wanted."""
        jobs = {entry.job.id for entry in self._tracker.entries() if entry.job.is_about(team, channel, message)}
        for job in jobs | {job_id(team, channel, message)}:
            if self._is_unfinished(job):
                self._store.stop(job)

    def click(self, click: Click) -> None:
        """Do what a button says, for the one who asked for the job; everybody sees those under a result.

        What somebody thinks of a result counts whoever it is.
        """
        file_id, job = click.file_id, self._find(click.job)
        there = job or Job("", click.channel, click.thread_ts, click.thread_ts, Options())
        address = click.response_url if click.action == blocks.CANCEL else ""
        here = replace(there, user=click.user, response_url=address, answer="")
        unwanted = text = ""
        if job is None:
            text = messages.forgotten(self._limits.remembered_days)
        elif click.feedback:
            if self._store.rate(click.job, click.user, click.feedback):
                metrics.FEEDBACK.labels(click.feedback.version, "good" if click.feedback.good else "bad").inc()
            text = messages.THANKS
        elif job.user != click.user:
            text = messages.NOT_YOURS
        elif click.action == blocks.CANCEL:
            text = messages.CANCELLED if self._is_unfinished(job.id) else messages.TOO_LATE
            self._store.stop(job.id)
        elif click.action == blocks.SMALLER:
            text = messages.AGAIN
            again = replace(
                job,
                options=replace(job.options, scale=2),
                variant=f"2x-{file_id}",
                replaces=file_id,
                response_url="",
                answer="",
            )
            self.accept(again)
        else:
            unwanted = file_id
        name = f"{click.job}-{click.action}-{file_id}-{click.user}"
        self._enqueue(COMMANDS, name, None, self._after_click, self._without_address(here), unwanted, text)

    def open_home(self, person: str) -> None:
        """Somebody looks at the App Home."""
        DBOS.enqueue_workflow(COMMANDS, self._home, person)

    def depth(self) -> int:
        """How many jobs are written down and not ended."""
        return len(
            DBOS.list_workflows(status=UNFINISHED, app_version=APPLICATION_VERSION, load_input=False, load_output=False)
        )

    def _clean_up_regularly(self) -> None:
        """At the start and then regularly, delete jobs that ended long ago."""
        while True:
            try:
                days = timedelta(days=self._limits.remembered_days)
                retention.delete_old_jobs(datetime.now(UTC) - days, self._store, APPLICATION_VERSION)
            except SQLAlchemyError as error:
                log.warning("old jobs are not forgotten for now (%s)", type(error).__name__)
            if self._stopping.wait(self._limits.cleanup_every):
                return

    def stop(self) -> None:
        """Take no more jobs, give running ones a few seconds; the rest is finished at the next start."""
        self._stopping.set()
        DBOS.destroy(workflow_completion_timeout_sec=self._limits.shutdown_seconds)
        self._store.close()

    def _enqueue(self, queue: str, name: str, priority: int | None, workflow: Callable[..., None], *args: Any) -> bool:
        """Write a workflow down under an id; whether one of that id has ended already."""
        with SetWorkflowID(name), SetEnqueueOptions(priority=priority):
            DBOS.enqueue_workflow(queue, workflow, *args)
        return not self._is_unfinished(name)

    def _is_unfinished(self, job: str) -> bool:
        return bool(
            DBOS.list_workflows(workflow_ids=[job], status=UNFINISHED, load_input=False, load_output=False, limit=1)
        )

    def _without_address(self, job: Job) -> Job:
        """The job as it is written down: where to answer is kept apart, and only for as long as Slack takes answers."""
        if not job.response_url:
            return job
        return replace(job, response_url="", answer=self._store.keep_answer_address(job.response_url))

    def _find(self, job: str) -> Job | None:
        found = DBOS.list_workflows(workflow_ids=[job], name="answer", load_output=False, limit=1)
        return _job_of(found[0]) if found else None

    def _step(self, work: Callable[..., T], *args: Any) -> T:
        """Run one step once: its result or error is recorded. Only Slack's absence is worth another try."""
        return DBOS.run_step(
            {
                "name": work.__name__,
                "retries_allowed": True,
                "max_attempts": self._slack_limits.slack_attempts,
                "interval_seconds": self._slack_limits.slack_pause,
                "backoff_rate": 2.0,
                "should_retry": _passing,
            },
            metrics.timed(work),
            *args,
        )


def _job_of(workflow: WorkflowStatus) -> Job | None:
    """The job of a recorded workflow; None where it is an older version's, or the record is not the bot's own."""
    recorded: Any = workflow.input  # a text where it cannot be read
    job = recorded["args"][0] if isinstance(recorded, dict) and recorded.get("args") else None
    return job if isinstance(job, Job) else None


def _passing(error: BaseException) -> bool:
    """Whether a step that failed so is worth another try."""
    if isinstance(error, SlackUnavailable):
        log.warning("%s Trying again.", error)
        return True
    return False
