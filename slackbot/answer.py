"""The answer to one message, as a chain of steps that runs the same way each time it is taken up."""

import logging
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from dbos import error as dbos_error

from slackbot import progress, replies
from slackbot.errands import Errands
from slackbot.errors import BotError, SlackRefused, Stopped
from slackbot.job import Job
from slackbot.notebook import Counts
from slackbot.replies import Outcome
from slackbot.shared_file import SharedFile
from slackbot.workshop import Workshop

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Step(Protocol):
    """Runs a piece of work once for each job, and gives back its recorded result when the job is taken up again."""

    def __call__(self, work: Callable[..., Result], *args: Any) -> Result: ...


class Answer:
    """Call it with a job: it posts the reply, and gives back the reaction that says how it went."""

    def __init__(self, workshop: Workshop, errands: Errands, step: Step) -> None:
        self._shop, self._errands, self._step = workshop, errands, step

    def __call__(self, job: Job) -> str:
        """Answer a job. Raises nothing but DBOS's own signals."""
        shop = self._shop
        shop.board.begin(job)
        self._step(shop.begin, job)
        mark = ""
        try:
            if job.wish.errand:
                self._step(shop.share, job, [], self._step(self._errands.run, job))
            else:
                mark = self._reply(job)
        except Stopped:
            self._step(shop.hush, job)
        except BotError as error:
            log.warning("job %s got no reply: %s", job.id, error)
            self._step(shop.answer, job, replies.sentence(str(error)))
            mark = progress.FAILED
        except Exception:  # DBOS's own signals are no Exceptions, and pass
            log.exception("job %s got no reply", job.id)
            mark = progress.FAILED
        shop.clean(job)
        self._step(shop.end, job, mark)
        shop.board.end(job.id)
        return mark

    def _reply(self, job: Job) -> str:
        """Answer with photos; the reaction that says how it went."""
        shop, limits = self._shop, self._shop.limits
        try:
            files: list[SharedFile] = self._step(shop.find, job)
        except Stopped:
            raise
        except (BotError, dbos_error.DBOSMaxStepRetriesExceeded) as error:
            sentence = str(error) if isinstance(error, BotError) else replies.NOT_FETCHED
            self._step(shop.share, job, [], replies.sentence(sentence))
            return progress.FAILED
        if not files:
            say = replies.usage if job.wish.help or not job.in_thread else replies.no_photo
            self._step(shop.share, job, [], say(shop.bot_user, limits))
            return ""
        chosen = files[: limits.photos_per_message]
        shop.board.look(job.id, len(chosen))
        uploads: list[tuple[str, str]] = []
        outcomes = [self._photo(job, index, file, uploads) for index, file in enumerate(chosen)]
        text = replies.result(outcomes, len(files) - len(chosen), limits)
        smaller = any(outcome.scale > 2 for outcome in outcomes if not outcome.refusal)
        try:
            self._step(shop.share, job, uploads, text, smaller)
        except SlackRefused as error:
            if not uploads:
                raise
            self._step(shop.share, job, [], replies.sentence(str(error)))
            return progress.FAILED
        self._step(shop.count, job, _counts(outcomes))
        if job.replaces and uploads:
            self._step(shop.take_back, job, job.replaces)
        return progress.mark_of(outcomes)

    def _photo(self, job: Job, index: int, file: SharedFile, uploads: list[tuple[str, str]]) -> Outcome:
        """Work on one photo. Whatever goes wrong becomes its sentence, and the other photos go on."""
        shop = self._shop
        trouble = replies.NOT_FETCHED
        try:
            self._step(shop.fetch, job, index, file)
            made = self._step(shop.make, job, index, file)
            trouble = replies.NOT_HANDED_OVER
            try:
                results = [(self._step(shop.upload, job, index, file, made), made.name)]
            except SlackRefused as error:
                if error.code != "file_upload_size_restricted" or made.outcome.scale == 2:
                    raise
                made = self._step(shop.make_smaller, job, index, file)
                results = [(self._step(shop.upload, job, index, file, made), made.name)]
            if made.comparison:
                results.append(self._step(shop.upload_comparison, job, index, file, made))
        except Stopped:
            raise
        except BotError as error:
            return Outcome(file.name, refusal=str(error))
        except dbos_error.DBOSMaxStepRetriesExceeded:
            return Outcome(file.name, refusal=trouble)
        except Exception:
            log.exception("a photo of job %s failed", job.id)
            return Outcome(file.name, refusal=replies.TROUBLE)
        uploads += [result for result in results if result[0]]
        return made.outcome


def _counts(outcomes: list[Outcome]) -> Counts:
    enhanced = sum(bool(outcome.version) for outcome in outcomes)
    refused = sum(bool(outcome.refusal) for outcome in outcomes)
    return Counts(enhanced, len(outcomes) - enhanced - refused, refused)
