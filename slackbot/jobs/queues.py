"""Durable jobs: written down in the database before Slack is acknowledged, and finished by whichever process lives.

Each step's result is recorded when it ends. A killed process's jobs go on with the step that was cut off, at the next
start or in another bot on the same database. A job's id comes from its message, so that any number of events about one
message is one job.
"""

import logging
import sqlite3
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from dbos import DBOS, DBOSConfig
from sqlalchemy.exc import SQLAlchemyError

from slackbot.errors import SettingsError
from slackbot.job import Job, Options, job_id
from slackbot.jobs import lookup, polling, retention, shares
from slackbot.jobs.clicks import Clicks
from slackbot.jobs.commands import ChatCommands
from slackbot.jobs.database import engine_options, is_passing, prepare, set_up_connections, wait_for_disk
from slackbot.jobs.enqueue import enqueue
from slackbot.jobs.liveness import OneOfSeveral, OnlyBot
from slackbot.jobs.lookup import State
from slackbot.jobs.other_versions import OtherVersions
from slackbot.jobs.records import Records, job_of
from slackbot.jobs.recovery import Recovery
from slackbot.jobs.serializer import JobSerializer, refuse_pickles
from slackbot.jobs.shares import COMMANDS, MORE_PHOTOS, PHOTOS
from slackbot.jobs.steps import JobSteps
from slackbot.jobs.store import Store
from slackbot.jobs.tracker import JobTracker
from slackbot.jobs.workflow import OUTCOMES, PhotoWorkflow
from slackbot.limits import JobLimits, SlackLimits
from slackbot.ops import metrics, tracing
from slackbot.ops.metrics import Refusal
from slackbot.slack import blocks, messages
from slackbot.slack.blocks import Click
from slackbot.slack.errors import SlackUnavailable

log = logging.getLogger(__name__)

_APPLICATION = "enhancer-bot"
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
        bots: OnlyBot | OneOfSeveral,
        limits: JobLimits,
        slack_limits: SlackLimits,
    ) -> None:
        self._database_url = database_url
        self._steps = steps
        self._commands = commands
        self._tracker = tracker
        self._store = store
        self._bots = bots
        self._limits, self._slack_limits = limits, slack_limits
        self._clicks = Clicks(store, limits.remembered_days, self._accept_photos)
        self._stopping, self._over = threading.Event(), threading.Event()
        self.records = Records(store.engine, _APPLICATION, APPLICATION_VERSION)
        self._recovery = Recovery(bots, self.records, tracker.table) if isinstance(bots, OneOfSeveral) else None

    def start(self) -> None:
        """Open the database, take up what an earlier process left, and begin to work. Raises SettingsError."""
        try:
            self._start()
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise SettingsError(f"The database of DATABASE_URL cannot be opened ({type(error).__name__}).") from error

    def _start(self) -> None:
        set_up_connections()
        self._bots.begin()
        prepare(self._database_url)
        self._store.open()
        self._tracker.table.wait_again([self._bots.executor])
        config: DBOSConfig = {
            "name": _APPLICATION,
            "executor_id": self._bots.executor,
            "system_database_url": self._database_url,
            "application_version": APPLICATION_VERSION,
            "serializer": JobSerializer(),
            "db_engine_kwargs": engine_options(self._database_url),
            "enable_otlp": tracing.is_on(),
            "otel_attribute_format": "semconv",
            "log_level": "ERROR",  # its warnings of a step tried again come with a traceback; `_passing` tells them
        }
        if isinstance(self._bots, OneOfSeveral):  # a server counts connections; in a file one of two could not write
            config["system_database_engine"] = self._store.engine
        refuse_pickles()
        DBOS(config=config)
        self._register_workflows()
        DBOS.launch()
        wait_for_disk()  # not before: a database that cannot even be opened is a wrong setting
        self._track_waiting()
        if self._recovery:
            self._recovery.start(self._stopping)
        OtherVersions(
            self._bots, self.records, self._tracker.table, self._tell_stranded, self._limits.other_version_seconds
        ).start(self._stopping)
        retention.clean_regularly(self._store, APPLICATION_VERSION, self._limits, self._stopping)
        at_once = shares.at_once(self._limits)
        polling.register_queues(at_once, self._limits.poll_seconds)
        if isinstance(self._bots, OneOfSeveral):
            polling.share(self._bots, list(at_once), self._limits, self._tracker.is_idle, self._stopping)

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
            text = messages.full(minutes)
            answering.notify(job, text, self._steps.share, [], text)

        @DBOS.workflow(name="after a click")
        def after_click(job: Job, unwanted: str, text: str) -> None:
            answering.finish_click(job, unwanted, text)

        @DBOS.workflow(name="home")
        def home(user: str, *team: str) -> None:
            self._step(self._commands.show_home, user, *team)

        @DBOS.workflow(name="prompts")
        def prompts(channel: str, *team: str) -> None:
            self._step(self._commands.suggest, channel, *team)

        @DBOS.workflow(name="stranded")
        def stranded(job: Job) -> None:
            answering.notify(job, messages.UPDATED, self._steps.tell_stranded)

        self._answer, self._decline, self._after_click, self._home = answer, decline, after_click, home
        self._stranded, self._prompts = stranded, prompts

    def _track_waiting(self) -> None:
        """Count the jobs that an earlier version left in the queue."""
        known = self._tracker.table.all()
        queues = [PHOTOS, MORE_PHOTOS]
        for left in DBOS.list_workflows(
            status="ENQUEUED", queue_name=queues, app_version=APPLICATION_VERSION, load_output=False
        ):
            job = job_of(left)
            if job and job.id not in known:
                self._tracker.add(job)

    def _tell_stranded(self, job: Job) -> None:
        """Tell the people of a job that another version left behind; they are told once."""
        enqueue(COMMANDS, f"stranded-{job.id}", None, self._stranded, job)

    def accept(self, job: Job) -> None:
        """Write a job down, or that it is declined. When this returns, that survives the process.

        A job that is known already stays as it is, declined or not.
        """
        with tracing.span("event"):
            job = self._without_address(job)
            if job.options.command or job.options.help:
                if lookup.state(job.id) is State.UNKNOWN:
                    self._accept_word(job)
            elif minutes := self._accept_photos(job):
                enqueue(COMMANDS, job.id, None, self._decline, job, minutes)

    def _accept_word(self, job: Job) -> None:
        """Write down what a message asks for with a word. To `help` and `status` one answer at a time is enough for a
        person in a channel: who says it again before that stands there gets no other."""
        word = "help" if job.options.help else job.options.command
        once = f"{word} {job.team} {job.channel} {job.user}" if word in ("help", "status") else ""
        under_way = enqueue(COMMANDS, job.id, None, self._answer, job, once=once)
        if under_way != job.id and self._steps.posts.is_answered(under_way):  # it is about to end
            enqueue(COMMANDS, job.id, None, self._answer, job)

    def _accept_photos(self, job: Job) -> int:
        """Write a job about photos down. Returns 0, or in how many minutes to ask again where too many wait."""
        priority = self._tracker.add(job)
        state = lookup.state(job.id)  # known where an event comes late or again
        if priority is None:
            return 0 if state is not State.UNKNOWN else self._tracker.minutes(self._tracker.load())
        try:
            if state is State.UNKNOWN:
                enqueue(shares.photo_queue(priority, self._limits), job.id, priority, self._answer, job)
        except BaseException:
            self._tracker.end(job.id)
            raise
        if state is State.ENDED:
            self._tracker.end(job.id)
        return 0

    def stop_message(self, team: str, channel: str, message: str) -> None:
        """A message was deleted, and what it asked for is no longer wanted."""
        for job in {*self._tracker.table.of_message(team, channel, message), job_id(team, channel, message)}:
            if lookup.state(job) is State.UNFINISHED:
                self._store.stop(job)

    def click(self, click: Click) -> None:
        """Do what a button says: see `Clicks`."""
        job = lookup.find(click.job)
        with tracing.span("event"):
            unwanted, text = self._clicks.obey(click, job)
        there = job or Job(click.team, click.channel, click.thread_ts, click.thread_ts, Options())
        address = click.response_url if click.action in (blocks.CANCEL, blocks.ABOVE) else ""
        here = replace(there, user=click.user, response_url=address, answer="")
        name = f"{click.job}-{click.action}-{click.file_id}-{click.user}-{click.action_ts}"
        enqueue(COMMANDS, name, None, self._after_click, self._without_address(here), unwanted, text)

    def open_home(self, person: str, team: str) -> None:
        """Somebody looks at the App Home; `team` is empty where there is one workspace."""
        self._show(self._home, person, team)

    def open_messages(self, channel: str, team: str) -> None:
        """Somebody looks at the direct messages with the bot."""
        if self._commands.may_suggest(team):
            self._show(self._prompts, channel, team)

    def _show(self, workflow: Callable[..., None], place: str, team: str) -> None:
        """Write down that something is to be shown, unless that waits already: then it shows what there is by then."""
        # It begins with the workspace, as the ids of jobs do: so all that is written down of one is found.
        name = job_id(team, "view", uuid.uuid4().hex)
        what = workflow, place, *([team] if team else [])
        once = f"{workflow.__name__} {team} {place}"
        under_way = enqueue(COMMANDS, name, None, *what, once=once)
        if under_way != name and not lookup.waits(under_way):  # what that one shows may be older than this look
            enqueue(COMMANDS, name, None, *what, once=f"{once} again")

    def stop(self) -> None:
        """Take no more jobs, give running ones a few seconds; another bot, or the next start, finishes the rest."""
        self._stopping.set()
        threading.Timer(self._limits.shutdown_seconds, self._over.set).start()
        DBOS.destroy(workflow_completion_timeout_sec=self._limits.shutdown_seconds)
        self._over.set()
        self._steps.memory.take_back()
        if self._recovery:
            self._recovery.hand_back()
        self._store.close()

    def _without_address(self, job: Job) -> Job:
        """The job as it is written down: where to answer is kept apart, and only for as long as Slack takes answers."""
        if not job.response_url:
            return job
        return replace(job, response_url="", answer=self._store.keep_answer_address(job.response_url))

    def _step(self, work: Callable[..., T], *args: Any) -> T:
        """Run a step once: its result or error is recorded. While Slack or the database is away, it is tried again."""

        def run(*args: Any) -> T:
            self._hold_at_end()
            return metrics.timed(work)(*args)

        self._hold_at_end()
        return DBOS.run_step(
            {
                "name": work.__name__,
                "retries_allowed": True,
                "max_attempts": self._slack_limits.slack_attempts,
                "interval_seconds": self._slack_limits.slack_pause,
                "backoff_rate": 2.0,
                "should_retry": _passing,
            },
            run,
            *args,
        )

    def _hold_at_end(self) -> None:
        """Once this bot has ended its work, whoever comes here stays, until the process is gone a moment later."""
        if self._over.is_set():
            threading.Event().wait()


def _passing(error: BaseException) -> bool:
    """Whether a step that failed so is worth another try."""
    if isinstance(error, SlackUnavailable):
        log.warning("%s Trying again.", error)
        return True
    if is_passing(error):
        log.warning("The job database is away (%s). Trying again.", type(error).__name__)
        return True
    return False
