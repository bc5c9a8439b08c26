"""The steps of a job. Each may be repeated after a crash: what it leaves behind on disk or in Slack it finds again."""

import logging
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slackbot.errors import JobCancelled
from slackbot.imaging.comparison import comparison
from slackbot.imaging.encode import save_photo
from slackbot.imaging.errors import NotAPhoto, PhotoError, PhotoTooLarge, too_many_bytes
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.names import comparison_name, result_name
from slackbot.imaging.photo import Photo
from slackbot.imaging.sandbox import open_sandboxed
from slackbot.inference.enhancer import Enhanced, Enhancer
from slackbot.job import Counts, Job, Options, Outcome
from slackbot.jobs.store import Store
from slackbot.jobs.tracker import JobTracker
from slackbot.limits import PhotoLimits
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal
from slackbot.slack import blocks, messages, reactions
from slackbot.slack.attached import files_of, linked_files
from slackbot.slack.client import Slack
from slackbot.slack.decorations import Decorations
from slackbot.slack.errors import OUTSIDE_SLACK, AllAnswered, DownloadError, SlackRefused
from slackbot.slack.files import SharedFile, needs_look, shared_file
from slackbot.slack.requests import may_be_picture

log = logging.getLogger(__name__)

_REPLIED = "replied"  # a file in the job's folder, from the reply on


@dataclass(frozen=True)
class Result:
    """The result of one photo: its file in the job's folder, and its name in Slack; perhaps with a comparison's file.

    Files are named and not located: another machine has another folder, and nothing outside it is ever meant.
    """

    outcome: Outcome
    file: str
    name: str
    comparison: str = ""


@dataclass(frozen=True)
class JobSteps:
    """What the steps need. `folder` holds one folder for each job, with its photos."""

    slack: Slack
    decorations: Decorations
    enhancer: Enhancer
    folder: Path
    bot_user: str
    limits: PhotoLimits
    room: threading.Semaphore  # for as many photos at once as memory allows
    tracker: JobTracker
    store: Store

    def find(self, job: Job) -> list[SharedFile]:
        """The files that the job is about: the message's own, else those that people shared in its thread so far."""
        self._go_on(job)
        if job.options.help:
            return []
        files = [{"id": file_id} for file_id in job.file_ids] or self._replaced(job)
        if not files:
            said = self.slack.thread(job.channel, job.thread_ts, job.message_ts)
            own = [message for message in said if message["ts"] == job.message_ts]
            files = _files(own) or [file for one in own for file in linked_files(one, self.slack.is_own)]
            files = files or self._of_thread(job, said)
        return [shared_file(self._whole(file)) for file in files]

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

    def _replaced(self, job: Job) -> list[dict[str, Any]]:
        """The photos that the reply answers which this job's reply is to replace."""
        said = self.slack.thread(job.channel, job.thread_ts) if job.replaces else []
        replies = [one for one in said if job.replaces in [file.get("id") for file in one.get("files") or ()]]
        return [{"id": file_id} for one in replies for file_id in blocks.answered(one)]

    def fetch(self, job: Job, index: int, file: SharedFile) -> None:
        """Download a file into the job's folder."""
        self._go_on(job)
        if file.is_external:
            raise DownloadError(OUTSIDE_SLACK)
        if not file.address:
            raise SlackRefused("file_not_found", "download")
        if file.is_page:
            raise NotAPhoto
        if file.size > self.limits.photo_bytes:
            raise PhotoTooLarge(too_many_bytes(self.limits.photo_bytes))
        path = self._photo(job, index)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.slack.download(file.address, path, self.limits.photo_bytes)

    def enhance(self, job: Job, index: int, file: SharedFile) -> Result:
        """Enhance a fetched file into the work folder; at 2x where 4x makes more bytes than Slack takes."""
        result = self._enhance_into(job, index, file, job.options.scale)
        if result.outcome.scale > 2 and self._file(job, result.file).stat().st_size > self.limits.result_bytes:
            return self._enhance_into(job, index, file, 2)
        return result

    def enhance_smaller(self, job: Job, index: int, file: SharedFile) -> Result:
        """Enhance a fetched file into the work folder at 2x."""
        return self._enhance_into(job, index, file, 2)

    def upload(self, job: Job, index: int, file: SharedFile, result: Result) -> str:
        """Upload a result without sharing it. Returns the file id to share it with."""
        if not self._file(job, result.file).exists():
            result = self._enhance_into(job, index, file, result.outcome.scale)
        return self.slack.upload(self._file(job, result.file), result.name, messages.alt_text(result.outcome))

    def upload_comparison(self, job: Job, index: int, file: SharedFile, result: Result) -> tuple[str, str]:
        """Upload a comparison without sharing it. Returns its file id and name."""
        if not result.comparison or not self._file(job, result.comparison).exists():
            result = self._enhance_into(job, index, file, result.outcome.scale)
        if not result.comparison:  # made again, and the model server is gone meanwhile
            return "", ""
        path = self._file(job, result.comparison)
        name = comparison_name(file.name, path.suffix)
        return self.slack.upload(path, name, messages.comparison_alt_text(result.outcome)), name

    def share(
        self,
        job: Job,
        uploads: Sequence[tuple[str, str]],
        text: str,
        smaller: bool = False,
        sources: Sequence[str] = (),
        enhanced: str = "",
    ) -> None:
        """Post the reply with its files, (id, title) each, and buttons; or the text alone where there are none.

        `smaller` offers 2x, `sources` are the photos that are answered, `enhanced` is what `feedback.describe` says.
        """
        begun = self._file(job, "sharing" if uploads else "saying")
        if not begun.exists():
            self._go_on(job)  # from here on it is too late
        if not (begun.exists() and self._is_posted(job, uploads, text)):  # else only Slack's answer was lost
            begun.parent.mkdir(parents=True, exist_ok=True)
            begun.touch()
            if uploads:
                body = blocks.result(text.splitlines(), job.id, uploads[0][0], smaller, sources, enhanced)
                self.slack.share(uploads, job.channel, job.thread_ts, text, body)
            else:
                self.slack.post_message(job.channel, job.thread_ts, text)
        self._file(job, _REPLIED).touch()

    def apologize(self, job: Job) -> None:
        """Say that something went wrong, unless the job has its reply. No step: it is for jobs whose steps failed."""
        if not self._file(job, _REPLIED).exists():
            self.share(job, [], messages.sentence(messages.TROUBLE))

    def take_back(self, job: Job, file_id: str) -> None:
        """Delete the reply in the job's thread that holds this file, with all its files."""
        for message in self.slack.thread(job.channel, job.thread_ts):
            ids = [file["id"] for file in message.get("files") or ()]
            if message.get("user") == self.bot_user and file_id in ids:
                self.slack.delete(job.channel, message["ts"], ids)

    def tell_user(self, job: Job, text: str) -> None:
        """Say what only the asker sees: in the place of the button or shortcut that they used, else in the thread."""
        address = job.response_url or (self.store.answer_address(job.answer) if job.answer else "")
        if address:
            reactions.quietly(self.slack.respond, address, text)
        else:
            if job.answer:
                metrics.refuse(Refusal.EXPIRED)
            reactions.quietly(self.slack.post_ephemeral, job.channel, job.user, text, (), job.thread_ts)

    def clear_status(self, job: Job) -> None:
        """Remove the status line, as a reply would."""
        self.decorations.clear_status(job)

    def begin(self, job: Job) -> None:
        """Add the reaction for a running job."""
        self.decorations.begin(job)

    def end(self, job: Job, mark: str) -> None:
        """Replace it by the reaction for the result."""
        self.decorations.end(job, mark)

    def count(self, job: Job, counts: Counts) -> None:
        """Add a job's photos to the day's."""
        self.store.count(job.id, counts)

    def clean(self, job: Job) -> None:
        """Delete the job's photos."""
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

    def _enhance_into(self, job: Job, index: int, file: SharedFile, scale: float) -> Result:
        source = self._photo(job, index)
        if not source.exists():  # the job was begun on another machine, or its folder is lost
            self.fetch(job, index, file)
        options = job.options

        def progress(done: int, total: int) -> None:
            self._go_on(job)
            self.tracker.set_progress(job.id, index, done / total)

        with self.room:
            self._go_on(job)
            photo = self._open(source)
            if options.format:
                photo = photo.written_as(FORMATS[options.format])
            enhanced = self.enhancer(photo, scale, progress, bicubic=options.bicubic)
            beside = ""
            if options.compare and enhanced.version:
                shown = comparison(photo, enhanced.photo, self.limits)
                beside = f"{index}.compare{shown.format.suffix}"
                save_photo(shown, self._file(job, beside))
            outcome = _outcome(file.name, photo, enhanced, options)
            del photo  # the encoder needs the memory
            target = source.with_suffix(enhanced.photo.format.suffix)
            save_photo(enhanced.photo, target, options.metadata)
        return Result(outcome, target.name, result_name(file.name, enhanced.scale, target.suffix), beside)

    def _open(self, source: Path) -> Photo:
        try:
            return open_sandboxed(source, self.limits)
        except PhotoError:
            metrics.refuse(Refusal.PICTURE)
            raise

    def _go_on(self, job: Job) -> None:
        """Raise JobCancelled if the job was cancelled or its message deleted."""
        if self.store.is_stopped(job.id):
            raise JobCancelled

    def _is_posted(self, job: Job, uploads: Sequence[tuple[str, str]], text: str) -> bool:
        if uploads:
            return self.slack.is_shared(uploads[0][0], job.channel)
        later = (message for message in self.slack.thread(job.channel, job.thread_ts) if message["ts"] > job.message_ts)
        return any(message.get("user") == self.bot_user and message.get("text") == text for message in later)

    def _photo(self, job: Job, index: int) -> Path:
        return self._file(job, f"{index}.photo")

    def _file(self, job: Job, name: str) -> Path:
        return self.folder / job.id / Path(name).name


def _files(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return list({file["id"]: file for message in messages for file in files_of(message)}.values())


def _outcome(name: str, photo: Photo, enhanced: Enhanced, options: Options) -> Outcome:
    fmt = enhanced.photo.format
    return Outcome(
        name=name,
        before=photo.size,
        after=enhanced.photo.size,
        version=enhanced.version,
        reason=enhanced.reason,
        seconds=enhanced.seconds,
        scale=enhanced.scale,
        smaller=enhanced.scale < options.scale,
        pages=photo.pages,
        uncounted=photo.uncounted,
        frames=photo.frames,
        uncompared=options.compare and not enhanced.version,
        deep=photo.deep,
        source_format=photo.source.name if photo.source and photo.source is not fmt and not options.format else "",
        format=fmt.name,
        wanted=options.scale,
        too_small=photo.format.name if photo.format is not fmt else "",
        hdr=photo.hdr,
        partial=photo.partial,
        smudged=photo.coding.drawn and fmt.name == "JPEG" and not options.format,
    )
