"""Which files in Slack a job is about: its message's own, else its thread's; else somebody has to be asked."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slackbot.job import Job, Options
from slackbot.limits import PhotoLimits
from slackbot.slack import blocks
from slackbot.slack.attached import files_of, linked_files
from slackbot.slack.client import Slack
from slackbot.slack.errors import AllAnswered, PhotosAbove, SlackRefused
from slackbot.slack.requests import may_be_picture

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FileFinder:
    """Finds file objects of Slack's Web API, perhaps with no more than their ids."""

    slack: Slack
    bot_user: str
    limits: PhotoLimits

    def find(self, job: Job) -> list[dict[str, Any]]:
        """The message's own files, else those that people shared in its thread so far.

        Raises AllAnswered where those of the thread have their answers, and PhotosAbove where there are none but in
        the message above.
        """
        files = [{"id": file_id} for file_id in job.file_ids] or self._replaced(job)
        if files:
            return files
        said = self.slack.thread(job.channel, job.thread_ts, job.message_ts)
        own = [message for message in said if message["ts"] == job.message_ts]
        files = _files(own) or [file for one in own for file in linked_files(one, self.slack.is_own)]
        files = files or self._of_thread(job, said)
        if not files:
            self._look_above(job)
        return files

    def _of_thread(self, job: Job, said: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What people shared in a thread and has no answer yet, the newest that are taken at once before the others.

        Words that ask for something else than the usual ask for what has its answer as well.
        """
        others = [message for message in said if message.get("user") != self.bot_user]
        files = [file for file in _files(others) if may_be_picture(file)]
        if job.options == Options(asked_scale=job.options.asked_scale):
            done = {one for message in said if message.get("user") == self.bot_user for one in blocks.answered(message)}
            new = [file for file in files if file["id"] not in done]
            if files and not new:
                raise AllAnswered
            files = new
        older = max(0, len(files) - self.limits.photos_per_message)
        return files[older:] + files[:older]

    def _look_above(self, job: Job) -> None:
        """Raise PhotosAbove where a person shared photos right before a mention in a channel."""
        if job.in_thread or job.variant or job.channel.startswith("D"):  # in a direct message every photo is answered
            return
        try:
            before = self.slack.message_before(job.channel, job.message_ts)
        except SlackRefused as error:
            log.info("the message above cannot be read (%s)", error.code)
            return
        if before and before.get("user") != self.bot_user:
            names = [str(file.get("name") or "the photo") for file in _files([before]) if may_be_picture(file)]
            if names:
                raise PhotosAbove(before["ts"], *names)

    def _replaced(self, job: Job) -> list[dict[str, Any]]:
        """The photos that the reply answers which this job's reply is to replace."""
        said = self.slack.thread(job.channel, job.thread_ts) if job.replaces else []
        replies = [one for one in said if job.replaces in [file.get("id") for file in one.get("files") or ()]]
        return [{"id": file_id} for one in replies for file_id in blocks.answered(one)]


def _files(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return list({file["id"]: file for message in messages for file in files_of(message)}.values())
