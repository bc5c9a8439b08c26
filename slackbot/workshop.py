"""The steps of a job. Each may be repeated after a crash: what it leaves behind on disk or in Slack it finds again."""

import logging
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slackbot import buttons, progress, replies
from slackbot.board import Board
from slackbot.cell import open_in_cell
from slackbot.comparison import comparison
from slackbot.download import download
from slackbot.enhance import Enhanced, Enhancer
from slackbot.errors import NotAPhoto, PhotoTooLarge, SlackRefused, Stopped
from slackbot.job import Job, may_be_picture
from slackbot.kinds import KINDS
from slackbot.limits import Limits
from slackbot.notebook import Counts, Notebook
from slackbot.photo import Photo, save_photo
from slackbot.replies import Outcome
from slackbot.shared_file import SharedFile, answer_name, comparison_name, needs_look, shared_file
from slackbot.slack import Slack
from slackbot.words import Wish

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """The result of one photo, lying in the work folder, and its name in Slack; perhaps with a comparison."""

    outcome: Outcome
    path: Path
    name: str
    comparison: Path | None = None


@dataclass(frozen=True)
class Workshop:
    """Where jobs are worked on. `folder` holds one folder for each job, with its photos."""

    slack: Slack
    enhancer: Enhancer
    folder: Path
    bot_user: str
    token: str = field(repr=False)
    api_url: str
    limits: Limits
    room: threading.Semaphore  # for as many photos at once as memory allows
    board: Board
    notebook: Notebook

    def find(self, job: Job) -> list[SharedFile]:
        """The files that the job is about: the message's own, else those that people shared in its thread so far."""
        self._go_on(job)
        if job.wish.help:
            return []
        files = [{"id": file_id} for file_id in job.file_ids]
        if not files:
            messages = self.slack.thread(job.channel, job.thread, job.message)
            own = [message for message in messages if message["ts"] == job.message]
            others = [message for message in messages if message.get("user") != self.bot_user]
            files = _files(own) or [file for file in _files(others) if may_be_picture(file)]
        return [shared_file(self._whole(file)) for file in files]

    def fetch(self, job: Job, index: int, file: SharedFile) -> None:
        """Bring a file into the work folder."""
        self._go_on(job)
        if not file.address:
            raise SlackRefused("file_not_found", "download")
        if file.is_page:
            raise NotAPhoto
        if file.size > self.limits.photo_bytes:
            raise PhotoTooLarge(replies.too_many_bytes(self.limits))
        path = self._photo(job, index)
        path.parent.mkdir(parents=True, exist_ok=True)
        download(file.address, path, self.token, self.api_url, self.limits)

    def make(self, job: Job, index: int, file: SharedFile) -> Made:
        """Enhance a fetched file into the work folder; at 2x where 4x makes more bytes than Slack takes."""
        made = self._make(job, index, file, job.wish.scale)
        if made.outcome.scale > 2 and made.path.stat().st_size > self.limits.result_bytes:
            return self._make(job, index, file, 2)
        return made

    def make_smaller(self, job: Job, index: int, file: SharedFile) -> Made:
        """Enhance a fetched file into the work folder at 2x."""
        return self._make(job, index, file, 2)

    def upload(self, job: Job, index: int, file: SharedFile, made: Made) -> str:
        """Hand a result to Slack, not yet shared; the id to share it with."""
        if not made.path.exists():
            made = self._make(job, index, file, made.outcome.scale)
        return self.slack.upload(made.path, made.name, replies.alt_text(made.outcome))

    def upload_comparison(self, job: Job, index: int, file: SharedFile, made: Made) -> tuple[str, str]:
        """Hand a comparison to Slack, not yet shared; its id and name."""
        if not made.comparison or not made.comparison.exists():
            made = self._make(job, index, file, made.outcome.scale)
        if not made.comparison:  # made again, and the model server is gone meanwhile
            return "", ""
        name = comparison_name(file.name, made.comparison.suffix)
        return self.slack.upload(made.comparison, name, replies.comparison_alt_text(made.outcome)), name

    def share(self, job: Job, uploads: Sequence[tuple[str, str]], text: str, smaller: bool = False) -> None:
        """Post the reply with its files, (id, title) each, and buttons; or the text alone where there are none."""
        begun = self.folder / job.id / ("sharing" if uploads else "saying")
        if not begun.exists():
            self._go_on(job)  # from here on it is too late
        elif self._is_posted(job, uploads, text):
            return  # Slack did it, and only its answer was lost
        begun.parent.mkdir(parents=True, exist_ok=True)
        begun.touch()
        if uploads:
            blocks = buttons.result(text.splitlines(), job.id, uploads[0][0], smaller)
            self.slack.share(uploads, job.channel, job.thread, text, blocks)
        else:
            self.slack.say(job.channel, job.thread, text)

    def take_back(self, job: Job, file_id: str) -> None:
        """Delete the reply in the job's thread that holds this file, with all its files."""
        for message in self.slack.thread(job.channel, job.thread):
            ids = [file["id"] for file in message.get("files") or ()]
            if message.get("user") == self.bot_user and file_id in ids:
                self.slack.delete(job.channel, message["ts"], ids)

    def answer(self, job: Job, text: str) -> None:
        """Say what only the asker sees: in the place of the button or shortcut that they used, else in the thread."""
        if job.answer_url:
            progress.quietly(self.slack.answer, job.answer_url, text)
        else:
            progress.quietly(self.slack.whisper, job.channel, job.asker, text, (), job.thread)

    def hush(self, job: Job) -> None:
        """Take the status line away, as a reply would."""
        progress.quietly(self.slack.show_status, job.channel, job.thread, "")

    def begin(self, job: Job) -> None:
        """React with eyes."""
        progress.begin(self.slack, job)

    def end(self, job: Job, mark: str) -> None:
        """React with what came of it."""
        progress.end(self.slack, job, mark)

    def count(self, job: Job, counts: Counts) -> None:
        """Add a job's photos to the day's."""
        self.notebook.count(job.id, counts)

    def clean(self, job: Job) -> None:
        """Throw the job's photos away."""
        shutil.rmtree(self.folder / job.id, ignore_errors=True)

    def _whole(self, file: dict[str, Any]) -> dict[str, Any]:
        if not needs_look(file):
            return file
        try:
            return self.slack.file(file["id"])
        except SlackRefused as error:
            if error.code not in ("file_not_found", "file_deleted"):
                raise
            return {"id": file["id"], "mode": "tombstone"}

    def _make(self, job: Job, index: int, file: SharedFile, scale: int) -> Made:
        source = self._photo(job, index)
        if not source.exists():  # the job was begun on another machine, or its folder is lost
            self.fetch(job, index, file)
        wish = job.wish

        def tell(done: int, total: int) -> None:
            self._go_on(job)
            self.board.advance(job.id, index, done / total)

        with self.room:
            self._go_on(job)
            photo = open_in_cell(source, self.limits)
            if wish.kind:
                photo = photo.written_as(KINDS[wish.kind])
            enhanced = self.enhancer(photo, scale, tell, bicubic=wish.bicubic)
            beside = None
            if wish.compare and enhanced.version:
                shown = comparison(photo, enhanced.photo, self.limits)
                beside = source.with_name(f"{index}.compare{shown.kind.suffix}")
                save_photo(shown, beside)
            outcome = _outcome(file.name, photo, enhanced, wish)
            del photo  # the encoder needs the memory
            target = source.with_suffix(enhanced.photo.kind.suffix)
            save_photo(enhanced.photo, target, wish.metadata)
        return Made(outcome, target, answer_name(file.name, enhanced.scale, target.suffix), beside)

    def _go_on(self, job: Job) -> None:
        """Raise Stopped where nobody wants the job any more."""
        if self.notebook.is_stopped(job.id):
            raise Stopped

    def _is_posted(self, job: Job, uploads: Sequence[tuple[str, str]], text: str) -> bool:
        if uploads:
            return self.slack.is_shared(uploads[0][0], job.channel)
        later = (message for message in self.slack.thread(job.channel, job.thread) if message["ts"] > job.message)
        return any(message.get("user") == self.bot_user and message.get("text") == text for message in later)

    def _photo(self, job: Job, index: int) -> Path:
        return self.folder / job.id / f"{index}.photo"


def _files(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [file for message in messages for file in message.get("files") or ()]


def _outcome(name: str, photo: Photo, enhanced: Enhanced, wish: Wish) -> Outcome:
    kind = enhanced.photo.kind
    return Outcome(
        name=name,
        before=photo.size,
        after=enhanced.photo.size,
        version=enhanced.version,
        reason=enhanced.reason,
        seconds=enhanced.seconds,
        scale=enhanced.scale,
        smaller=enhanced.scale < wish.scale,
        pages=photo.pages,
        uncounted=photo.uncounted,
        frames=photo.frames,
        uncompared=wish.compare and not enhanced.version,
        deep=photo.deep,
        came_as=photo.source.name if photo.source and photo.source is not kind and not wish.kind else "",
        kind=kind.name,
    )
