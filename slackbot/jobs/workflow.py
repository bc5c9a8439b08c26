"""The answer to one message or click, as a chain of steps that runs the same way each time it is taken up."""

import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

from dbos import error as dbos_error

from slackbot.errors import BotError, JobCancelled
from slackbot.job import Counts, Job, Outcome
from slackbot.jobs.commands import ChatCommands
from slackbot.jobs.steps import JobSteps
from slackbot.jobs.tracker import JobTracker
from slackbot.ops import metrics
from slackbot.slack import feedback, messages, reactions
from slackbot.slack.errors import AllAnswered, PhotosAbove, SlackRefused
from slackbot.slack.files import SharedFile

log = logging.getLogger(__name__)

# What the log and `/metrics` call the end of a job, by the reaction that shows it.
OUTCOMES = {reactions.ENHANCED: "enhanced", reactions.PARTLY: "partly", reactions.FAILED: "failed", "": "words"}
for _outcome in OUTCOMES.values():
    metrics.JOBS.labels(_outcome)  # each is there from the start, at 0, so that an alert can see that none grows

T = TypeVar("T")


class Step(Protocol):
    """Runs a piece of work once for each job, and gives back its recorded result when the job is taken up again."""

    def __call__(self, work: Callable[..., T], *args: Any) -> T: ...


class PhotoWorkflow:
    """Call it with a job: it posts the reply, and gives back the reaction that says how it went.

    Its methods are for those who get another answer than that.
    """

    def __init__(self, steps: JobSteps, commands: ChatCommands, step: Step) -> None:
        self._steps, self._commands, self._step = steps, commands, step

    def __call__(self, job: Job) -> str:
        """Answer a job. Raises nothing but DBOS's own signals, which are no Exceptions."""
        steps = self._steps
        steps.tracker.begin(job)
        try:
            reaction = self._answer(job)
        except Exception:  # nobody foresaw it, or the job's record does not fit these steps
            log.exception("job %s ended in an error", job.id)
            self._quietly(steps.apologize, job)
            reaction = reactions.FAILED
        steps.clean(job)
        try:
            self._step(steps.end, job, reaction)
        except Exception:
            log.exception("the end of job %s could not be recorded", job.id)
            self._quietly(steps.end, job, reaction)
        _tell(job, reaction, steps.tracker)
        return reaction

    def tell_user(self, job: Job, text: str) -> None:
        """Say what only the asker sees. Where Slack does not take it, tried again or not, the job goes on without."""
        try:
            self._step(self._steps.tell_user, job, text)
        except (SlackRefused, dbos_error.DBOSMaxStepRetriesExceeded) as error:
            log.warning("the asker of job %s is not told: %s", job.id, error)

    def finish_click(self, job: Job, unwanted: str, text: str) -> None:
        """Do what is left of a click: delete the reply that holds the file `unwanted`, and tell its person `text`.

        Each is perhaps empty. Where Slack does not delete the reply, the person is told that, and can click again.
        """
        if unwanted:
            try:
                self._step(self._steps.take_back, job, unwanted)
            except (BotError, dbos_error.DBOSMaxStepRetriesExceeded) as error:
                log.warning("a reply of job %s was not deleted: %s", job.id, error)
                text = messages.sentence(str(error)) if isinstance(error, BotError) else messages.NOT_DELETED
        if text:
            self.tell_user(job, text)

    def notify(self, job: Job, text: str, post: Callable[..., None], *args: Any) -> None:
        """End a job without photos: the step `post` says so, or where Slack does not take that, the asker is told."""
        steps = self._steps
        try:
            self._step(post, job, *args)
        except JobCancelled:
            log.info("job %s is no longer wanted", job.id)
        except (BotError, dbos_error.DBOSMaxStepRetriesExceeded) as error:
            log.warning("job %s got no reply: %s", job.id, error)
            self.tell_user(job, text)
        finally:
            steps.clean(job)
            steps.tracker.end(job.id)  # its event may have come again, when there was room

    def _answer(self, job: Job) -> str:
        """Do what the job asks for; the reaction that says how it went, empty where no photo was worked on."""
        steps = self._steps
        self._step(steps.begin, job)
        try:
            if not job.options.command:
                return self._reply(job)
            self._step(steps.share, job, [], self._step(self._commands.run, job))
        except JobCancelled:
            self._step(steps.clear_status, job)
        except BotError as error:
            log.warning("job %s got no reply: %s", job.id, error)
            self.tell_user(job, messages.sentence(str(error)))
            return reactions.FAILED
        return ""

    def _quietly(self, work: Callable[..., Any], job: Job, *args: Any) -> None:
        try:
            work(job, *args)
        except Exception as error:
            log.warning("job %s went on without the step %s: %s", job.id, work.__name__, error)

    def _reply(self, job: Job) -> str:
        """Answer with photos; the reaction that says how it went."""
        steps, limits = self._steps, self._steps.limits
        try:
            files: list[SharedFile] = self._step(steps.find, job)
        except JobCancelled:
            raise
        except AllAnswered as error:
            self._step(steps.share, job, [], str(error))
            return ""
        except PhotosAbove as error:
            self._step(steps.ask_about, job, error.message_ts, error.names)
            return ""
        except (BotError, dbos_error.DBOSMaxStepRetriesExceeded) as error:
            sentence = str(error) if isinstance(error, BotError) else messages.NOT_FETCHED
            self._step(steps.share, job, [], messages.sentence(sentence))
            return reactions.FAILED
        if not files:
            say = messages.usage if job.options.help or not job.in_thread else messages.no_photo
            self._step(steps.share, job, [], say(steps.bot_user(job), limits))
            return ""
        chosen = files[: limits.photos_per_message]
        steps.tracker.set_photo_count(job.id, len(chosen))
        uploads: list[tuple[str, str]] = []
        outcomes: list[Outcome] = []
        for index, file in enumerate(chosen):
            outcomes.append(self._photo(job, index, file, uploads))
            steps.clean_photo(job, index)  # ten results of one message might fill the disk
        text = messages.result(outcomes, len(files) - len(chosen), limits, job.options.asked_scale)
        smaller = any(outcome.scale > 2 for outcome in outcomes if not outcome.refusal)
        answered = [file.id for file, outcome in zip(chosen, outcomes, strict=True) if not outcome.refusal]
        try:
            self._step(steps.share, job, uploads, text, smaller, answered, feedback.describe(outcomes))
        except SlackRefused as error:
            if not uploads:
                raise
            self._step(steps.share, job, [], messages.sentence(str(error)))
            return reactions.FAILED
        counts = _counts(outcomes)
        steps.tracker.set_counts(job.id, counts)
        self._step(steps.count, job, counts)
        if job.replaces and uploads:
            as_good = [file.id for file, one in zip(chosen, outcomes, strict=True) if not (one.refusal or one.reason)]
            self._take_back(job, as_good)
        return reactions.reaction_for(outcomes)

    def _take_back(self, job: Job, as_good: list[str]) -> None:
        """Delete the reply that this job's replaces. Where Slack does not, both stand: that is no failed job."""
        try:
            self._step(self._steps.take_back, job, job.replaces, as_good)
        except (SlackRefused, dbos_error.DBOSMaxStepRetriesExceeded) as error:
            log.warning("the reply that job %s replaces stays: %s", job.id, error)

    def _photo(self, job: Job, index: int, file: SharedFile, uploads: list[tuple[str, str]]) -> Outcome:
        """Work on one photo. Whatever goes wrong becomes its sentence, and the other photos go on."""
        steps = self._steps
        trouble = messages.NOT_FETCHED
        try:
            self._step(steps.fetch, job, index, file)
            result = self._step(steps.enhance, job, index, file)
            trouble = messages.NOT_HANDED_OVER
            try:
                handed = [(self._step(steps.upload, job, index, file, result), result.name)]
            except SlackRefused as error:
                if error.code != "file_upload_size_restricted" or result.outcome.scale <= 2:
                    raise
                result = self._step(steps.enhance_smaller, job, index, file)
                handed = [(self._step(steps.upload, job, index, file, result), result.name)]
            if result.comparison:
                handed.append(self._step(steps.upload_comparison, job, index, file, result))
        except JobCancelled:
            raise
        except BotError as error:
            return Outcome(file.name, refusal=str(error))
        except dbos_error.DBOSMaxStepRetriesExceeded:
            return Outcome(file.name, refusal=trouble)
        except (
            dbos_error.DBOSException
        ):  # the record does not fit these steps, and what it says of others is not to be used
            raise
        except Exception:
            log.exception("a photo of job %s failed", job.id)
            return Outcome(file.name, refusal=messages.TROUBLE)
        uploads += [upload for upload in handed if upload[0]]
        return result.outcome


def _tell(job: Job, reaction: str, tracker: JobTracker) -> None:
    """End the job in the tracker, and write its line into the log: ids and figures, no names."""
    entry = tracker.end(job.id)
    if not entry:
        return
    if reaction:
        metrics.REPLY_SECONDS.observe(tracker.now() - entry.since)
    facts = {
        "job": job.id,
        "outcome": OUTCOMES[reaction],
        **asdict(entry.counts),
        "waited": round(entry.begun - entry.since, 2),
        "worked": round(tracker.now() - entry.begun, 2),
    }
    log.info(
        "job %(job)s: %(outcome)s; photos: %(enhanced)d enhanced, %(bicubic)d bicubic, %(refused)d refused; "
        "%(waited).1f s waiting, %(worked).1f s at work",
        facts,
        extra={"facts": facts},
    )


def _counts(outcomes: list[Outcome]) -> Counts:
    enhanced = sum(bool(outcome.version) for outcome in outcomes)
    refused = sum(bool(outcome.refusal) for outcome in outcomes)
    return Counts(enhanced, len(outcomes) - enhanced - refused, refused)
