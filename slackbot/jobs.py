"""Durable jobs: written down in the database before Slack is acknowledged, and finished by whichever process lives.

Each step's result is recorded when it ends. A killed process's jobs go on at the next start with the step that was cut
off. A job's id comes from its message, so that any number of events about one message is one job.
"""

import logging
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from slackbot import metrics, progress, replies
from slackbot.database import prepare, wait_for_disk
from slackbot.errors import BotError, SettingsError, SlackRefused, SlackUnavailable
from slackbot.job import Job
from slackbot.replies import Outcome
from slackbot.settings import Settings
from slackbot.shared_file import SharedFile
from slackbot.workshop import Workshop

log = logging.getLogger(__name__)

QUEUE = "photos"
# Pinned: with one version for every release, an upgraded bot finishes the jobs of the one before it. What is recorded
# (Job, SharedFile, Made, Outcome) may gain fields that have defaults, and the order of the steps must not change.
APPLICATION_VERSION = "1"

# What `/metrics` calls the end of a job, by the reaction that shows it.
_OUTCOMES = {progress.ENHANCED: "enhanced", progress.BICUBIC: "bicubic", progress.FAILED: "failed", "": "words"}

Result = TypeVar("Result")


class Jobs:
    """The queue of one process. There is one DBOS in a process, so there is one of these."""

    def __init__(self, settings: Settings, workshop: Workshop) -> None:
        self._settings = settings
        self._workshop = workshop
        self._limits = workshop.limits

    def start(self) -> None:
        """Open the database, take up what an earlier process left, and begin to work. Raises SettingsError."""
        try:
            self._start()
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise SettingsError(f"The database of DATABASE_URL cannot be opened ({type(error).__name__}).") from error

    def _start(self) -> None:
        if self._settings.database_file:
            prepare(self._settings.database_file)
        config: DBOSConfig = {
            "name": "enhancer-bot",
            "system_database_url": self._settings.database_url,
            "application_version": APPLICATION_VERSION,
            "log_level": "ERROR",  # its warnings of a step tried again come with a traceback; `_passing` tells them
        }
        DBOS(config=config)

        @DBOS.workflow(name="answer")
        def answer(job: Job) -> None:
            self._answer(job)

        self._workflow = answer
        DBOS.launch()
        wait_for_disk()  # not before: a database that cannot even be opened is a wrong setting
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._limits.jobs_at_once,
            polling_interval_sec=self._limits.poll_seconds,
        )

    def accept(self, job: Job) -> None:
        """Write a job down. When this returns, the job survives the process; a job that is known already stays one."""
        with SetWorkflowID(job.id):
            DBOS.enqueue_workflow(QUEUE, self._workflow, job)

    def depth(self) -> int:
        """How many jobs are written down and not ended."""
        waiting = ["ENQUEUED", "PENDING"]
        return len(DBOS.list_workflows(status=waiting, load_input=False, load_output=False))

    def stop(self) -> None:
        """Take no more jobs, give running ones a few seconds; the rest is finished at the next start."""
        DBOS.destroy(workflow_completion_timeout_sec=self._limits.shutdown_seconds)

    def _answer(self, job: Job) -> None:
        """The workflow: it only chains steps, so that it runs the same way each time it is taken up."""
        shop = self._workshop
        self._step(shop.begin, job)
        try:
            mark = self._reply(job)
        except BotError as error:
            log.warning("job %s got no reply: %s", job.id, error)
            mark = progress.FAILED
        except Exception:  # DBOS's own signals are no Exceptions, and pass
            log.exception("job %s got no reply", job.id)
            mark = progress.FAILED
        shop.clean(job)
        self._step(shop.end, job, mark)
        metrics.JOBS.labels(_OUTCOMES[mark]).inc()

    def _reply(self, job: Job) -> str:
        """Answer a job; the reaction that says how it went."""
        shop, limits = self._workshop, self._limits
        try:
            files: list[SharedFile] = self._step(shop.find, job)
        except (BotError, dbos_error.DBOSMaxStepRetriesExceeded) as error:
            sentence = str(error) if isinstance(error, BotError) else replies.NOT_FETCHED
            self._step(shop.share, job, [], replies.sentence(sentence))
            return progress.FAILED
        if not files:
            say = replies.usage if job.wish.help or not job.in_thread else replies.no_photo
            self._step(shop.share, job, [], say(shop.bot_user, limits))
            return ""
        uploads: list[tuple[str, str]] = []
        outcomes = [
            self._photo(job, index, file, uploads) for index, file in enumerate(files[: limits.photos_per_message])
        ]
        uploads = [upload for upload in uploads if upload[0]]
        left_out = max(0, len(files) - limits.photos_per_message)
        try:
            self._step(shop.share, job, uploads, replies.result(outcomes, left_out, limits))
        except SlackRefused as error:
            if not uploads:
                raise
            self._step(shop.share, job, [], replies.sentence(str(error)))
            return progress.FAILED
        return progress.mark_of(outcomes)

    def _photo(self, job: Job, index: int, file: SharedFile, uploads: list[tuple[str, str]]) -> Outcome:
        """Work on one photo. Whatever goes wrong becomes its sentence, and the other photos go on."""
        shop = self._workshop
        trouble = replies.NOT_FETCHED
        try:
            self._step(shop.fetch, job, index, file)
            made = self._step(shop.make, job, index, file)
            trouble = replies.NOT_HANDED_OVER
            uploads.append((self._step(shop.upload, job, index, file, made), made.name))
            if made.comparison:
                uploads.append(self._step(shop.upload_comparison, job, index, file, made))
        except BotError as error:
            return Outcome(file.name, refusal=str(error))
        except dbos_error.DBOSMaxStepRetriesExceeded:
            return Outcome(file.name, refusal=trouble)
        except Exception:
            log.exception("a photo of job %s failed", job.id)
            return Outcome(file.name, refusal=replies.TROUBLE)
        return made.outcome

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
