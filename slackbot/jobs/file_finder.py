"""Which files in Slack a job is about: its message's own, else its thread's; else somebody has to be asked."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slackbot.errors import JobCancelled
from slackbot.job import Job, Options
from slackbot.limits import PhotoLimits
from slackbot.slack import blocks
from slackbot.slack.attached import files_of, linked_files
from slackbot.slack.client import Slack
from slackbot.slack.errors import AllAnswered, PhotosAbove, SlackRefused
from slackbot.slack.files import gone, needs_look
from slackbot.slack.requests import may_be_picture

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FileFinder:
    """Finds file objects of Slack's Web API, perhaps with no more than their ids."""

    slack: Slack
    bot_user: str
    limits: PhotoLimits

    def find(self, job: Job) -> list[dict[str, Any]]:
        """The message's own files, else those that it links to, else those that people shared in its thread so far.

        Slack is asked of no more files than are taken at once: a message has room for hundreds of links. Raises
        AllAnswered where those of the thread have their answers, JobCancelled where the reply that is to be replaced is
        gone, and PhotosAbove where there are no photos but in the message above.
        """
        files, most = self._find(job), self.limits.photos_per_message
        return [self._whole(file) for file in files[:most]] + files[most:]

    def _find(self, job: Job) -> list[dict[str, Any]]:
        replaced = self._replaced(job) if job.replaces else []
        if job.file_ids:
            return [{"id": file_id} for file_id in job.file_ids]
        if replaced:
            return replaced
        said = self.slack.thread(job.channel, job.thread_ts, job.message_ts)
        own = [message for message in said if message["ts"] == job.message_ts]
        if files := _files(own):
            return files
        if linked := self._linked(job, own):
            return linked
        if shared := self._of_thread(job, said):
            return shared
        self._look_above(job)
        return []

    def _linked(self, job: Job, messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What messages link to. A link says nothing of who may see the file, and the bot may see more than people."""
        linked = [file for message in messages for file in linked_files(message, self.slack.is_own)]
        most = self.limits.photos_per_message
        taken = [self._as_asker_sees(job, file["id"]) if file["id"] else file for file in linked[:most]]
        return taken + linked[most:]

    def _as_asker_sees(self, job: Job, file_id: str) -> dict[str, Any]:
        file = self.slack.known_file(file_id)
        return file if file and _may_see(job, file) else gone(file_id)

    def _of_thread(self, job: Job, said: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What people shared in a thread and has no answer yet, the newest that are taken at once before the others.

        Words that ask for something else than the usual ask for what has its answer as well.
        """
        others = [message for message in said if message.get("user") != self.bot_user]
        files = [file for file in _files(others) if may_be_picture(file)]
        if _asks_for_the_usual(job.options):
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
        replies = replies_with(self.slack.thread(job.channel, job.thread_ts), self.bot_user, job.replaces)
        if not replies:
            raise JobCancelled
        return [{"id": file_id} for reply in replies for file_id in blocks.answered(reply)]

    def _whole(self, file: dict[str, Any]) -> dict[str, Any]:
        return self.slack.known_file(file["id"]) or gone(file["id"]) if needs_look(file) else file


def replies_with(said: Iterable[dict[str, Any]], bot_user: str, file_id: str) -> list[dict[str, Any]]:
    """The bot's own messages among these that hold a file: one, or none."""
    return [message for message in said if message.get("user") == bot_user and file_id in file_ids(message)]


def file_ids(message: Mapping[str, Any]) -> list[str]:
    """The ids of the files in a message."""
    return [file["id"] for file in message.get("files") or ()]


def _files(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return list({file["id"]: file for message in messages for file in files_of(message)}.values())


def _may_see(job: Job, file: Mapping[str, Any]) -> bool:
    """Whether the asker may: it is theirs, shared where they ask, or public. `file` is as `files.info` has it.

    Public is what all members of the workspace see, but nobody from outside who is in a shared channel.
    """
    places = [place for kind in ("channels", "groups", "ims") for place in file.get(kind) or ()]
    is_public = bool(file.get("is_public")) and not job.external
    return is_public or file.get("user") == job.user or job.channel in places


def _asks_for_the_usual(options: Options) -> bool:
    """Whether no word asks for anything else; a scale that there is not becomes the usual one."""
    return replace(options, asked_scale=0) == Options()
