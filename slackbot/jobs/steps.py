"""The steps of a job. Each may be repeated after a crash: what it leaves behind on disk or in Slack it finds again."""

import contextlib
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slackbot.errors import JobCancelled
from slackbot.imaging.comparison import comparison
from slackbot.imaging.encode import save_photo
from slackbot.imaging.errors import NotAPhoto, PhotoError, PhotoTooLarge, too_many_bytes
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.names import comparison_name, result_name
from slackbot.imaging.photo import Photo
from slackbot.imaging.sandbox import open_sandboxed
from slackbot.inference.enhancer import Enhancer
from slackbot.inference.tiled_upscale import Progress
from slackbot.job import Counts, Job, Options, Outcome
from slackbot.jobs.file_finder import FileFinder, file_ids, replies_with
from slackbot.jobs.outcome import outcome_of
from slackbot.jobs.photo_memory import Granted, PhotoMemory
from slackbot.jobs.posts import Begun, Posts
from slackbot.jobs.quotas import Quotas
from slackbot.jobs.store import Store
from slackbot.jobs.tracker import JobTracker
from slackbot.jobs.work_folder import make_folder
from slackbot.limits import PhotoLimits
from slackbot.ops import metrics, tracing
from slackbot.ops.metrics import Refusal
from slackbot.slack import blocks, messages, reactions
from slackbot.slack.client import Slack
from slackbot.slack.decorations import Decorations
from slackbot.slack.errors import OUTSIDE_SLACK, DownloadError, SlackRefused
from slackbot.slack.files import SharedFile, shared_file
from slackbot.slack.workspaces import Workspaces

Charge = Callable[[Photo], None]


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

    workspaces: Workspaces
    decorations: Decorations
    enhancer: Enhancer
    folder: Path
    limits: PhotoLimits
    room: threading.Semaphore  # for as many photos at once as are worth it
    memory: PhotoMemory
    tracker: JobTracker
    store: Store
    posts: Posts
    quotas: Quotas

    def find(self, job: Job) -> list[SharedFile]:
        """The files that the job is about. Raises AllAnswered, JobCancelled or PhotosAbove: see `FileFinder`."""
        self._go_on(job)
        if job.options.help:
            return []
        files = FileFinder(self._slack(job), self.bot_user(job), self.limits).find(job)
        return [shared_file(file) for file in files]

    def fetch(self, job: Job, index: int, file: SharedFile) -> None:
        """Download a file into the job's folder."""
        self._go_on(job)
        if file.is_external:
            raise DownloadError(OUTSIDE_SLACK)
        if not file.address:
            raise SlackRefused("file_not_found", "download")
        self.quotas.take_photo(job.team, job.id, index)
        path = self._photo(job, index)
        make_folder(self.folder)  # somebody may have deleted it, and somebody else made it
        path.parent.mkdir(exist_ok=True)
        with metrics.refusing(Refusal.PICTURE, PhotoError):
            if file.is_page:
                raise NotAPhoto
            if file.size > self.limits.photo_bytes:
                raise PhotoTooLarge(too_many_bytes(self.limits.photo_bytes))
            with tracing.span("download"):
                self._slack(job).download(file.address, path, self.limits.photo_bytes)

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
        return self._slack(job).upload(self._file(job, result.file), result.name, messages.alt_text(result.outcome))

    def upload_comparison(self, job: Job, index: int, file: SharedFile, result: Result) -> tuple[str, str]:
        """Upload a comparison without sharing it. Returns its file id and name."""
        if not result.comparison or not self._file(job, result.comparison).exists():
            result = self._enhance_into(job, index, file, result.outcome.scale)
        if not result.comparison:  # made again, and the model server is gone meanwhile
            return "", ""
        path = self._file(job, result.comparison)
        name = comparison_name(file.name, path.suffix)
        return self._slack(job).upload(path, name, messages.comparison_alt_text(result.outcome)), name

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
        Raises JobCancelled where the job was stopped before anybody began to post this.
        """
        part = "files" if uploads else "text"
        self.tracker.set_quiet(job.id)
        begun = self.posts.begin(job.id, part)
        # Of one that was begun before perhaps only Slack's answer was lost.
        if begun is Begun.NOW or (begun is Begun.BEFORE and not self._is_posted(job, uploads, text)):
            with tracing.span("reply"):
                if uploads:
                    body = blocks.result(text.splitlines(), job.id, uploads[0][0], smaller, sources, enhanced)
                    self._slack(job).share(uploads, job.channel, job.thread_ts, text, body)
                else:
                    self._slack(job).post_message(job.channel, job.thread_ts, text)
        self.posts.end(job.id, part)

    def ask_about(self, job: Job, message_ts: str, names: Sequence[str]) -> None:
        """Ask the person by a button whether the photos of another message are meant; else say what there is to say."""
        self.tracker.set_quiet(job.id)
        try:
            body = blocks.above(names, job.id, message_ts)
            self._slack(job).post_ephemeral(job.channel, job.user, messages.above(names), body)
        except SlackRefused:
            self.share(job, [], messages.usage(self.bot_user(job), self.limits))

    def apologize(self, job: Job) -> None:
        """Say that something went wrong, unless the job has its reply. No step: it is for jobs whose steps failed."""
        if not self.posts.is_answered(job.id):
            self.share(job, [], messages.sentence(messages.TROUBLE))

    def tell_stranded(self, job: Job) -> None:
        """Say that another version of the bot left the job behind, unless it has its reply."""
        answered = self.posts.is_answered(job.id)
        if not answered:
            self.share(job, [], messages.UPDATED)
        self.decorations.end(job, "" if answered else reactions.FAILED)

    def take_back(self, job: Job, file_id: str, replaced: Sequence[str] | None = None) -> None:
        """Delete the reply in the job's thread that holds this file, with all its files.

        `replaced` are the ids of photos that have another answer as good: a reply that answers one more stays. Without
        them it goes in any case.
        """
        slack = self._slack(job)
        for reply in replies_with(slack.thread(job.channel, job.thread_ts), self.bot_user(job), file_id):
            if replaced is None or set(blocks.answered(reply)) <= set(replaced):
                slack.delete(job.channel, reply["ts"], file_ids(reply))

    def tell_user(self, job: Job, text: str) -> None:
        """Say what only the asker sees: in the place of the button or shortcut that they used, else in the thread."""
        address = job.response_url or (self.store.answer_address(job.answer) if job.answer else "")
        if address:
            self._slack(job).respond(address, text)
        else:
            if job.answer:
                metrics.refuse(Refusal.EXPIRED)
            self._slack(job).post_ephemeral(job.channel, job.user, text, (), job.thread_ts)

    def clear_status(self, job: Job) -> None:
        """Remove the status line, as a reply would."""
        self.tracker.set_quiet(job.id)
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

    def clean_photo(self, job: Job, index: int) -> None:
        """Delete the files of one of them. A step that needs one again makes it anew."""
        with contextlib.suppress(OSError):  # then the end of the job deletes it
            for file in (self.folder / job.id).glob(f"{index}.*"):
                file.unlink(missing_ok=True)

    def bot_user(self, job: Job) -> str:
        """Who the bot is where the job came from. Raises SlackRefused where it is no more."""
        return self.workspaces.of(job.team).bot_user

    def _slack(self, job: Job) -> Slack:
        return self.workspaces.of(job.team).slack

    def _enhance_into(self, job: Job, index: int, file: SharedFile, scale: float) -> Result:
        source = self._photo(job, index)
        if not source.exists():  # the job was begun on another machine, or its folder is lost
            self.fetch(job, index, file)
        options = job.options

        def charge(photo: Photo) -> None:
            self.quotas.take_pixels(job.team, job.id, index, photo.size[0] * photo.size[1] * photo.frames)

        def progress(done: int, total: int) -> None:
            self._go_on(job)
            self.tracker.set_progress(job.id, index, done / total)

        with (
            self.room,
            self.memory.granted(job.id, index, source, scale, options, lambda: self._go_on(job)) as granted,
        ):
            self._go_on(job)
            outcome, target, beside = self._enhance_file(source, file.name, granted, options, charge, progress)
        return Result(outcome, target, result_name(file.name, outcome.scale, Path(target).suffix), beside)

    def _enhance_file(
        self, source: Path, name: str, granted: Granted, options: Options, charge: Charge, progress: Progress
    ) -> tuple[Outcome, str, str]:
        """The outcome, and the names of the files for the result and perhaps a comparison.

        When this returns, no pixels are left in memory.
        """
        with tracing.span("decode"), metrics.refusing(Refusal.PICTURE, PhotoError):
            photo = granted.seen.take() or open_sandboxed(source, granted.admission.limits)
        charge(photo)
        if options.format:
            photo = photo.written_as(FORMATS[options.format])
        with tracing.span("tiles", pixels=photo.size[0] * photo.size[1], frames=photo.frames):
            enhanced = self.enhancer(photo, granted.admission.scale, progress, bicubic=options.bicubic)
        beside = ""
        if options.compare and enhanced.version:
            shown = comparison(photo, enhanced.photo, self.limits)
            beside = f"{source.stem}.compare{shown.format.suffix}"
            save_photo(shown, source.with_name(beside))
        outcome = replace(outcome_of(name, photo, enhanced, options), lessened=granted.admission.lessened)
        del photo  # the encoder needs the memory
        target = source.with_suffix(enhanced.photo.format.suffix)
        with tracing.span("encode"):
            save_photo(enhanced.photo, target, options.metadata)
        return outcome, target.name, beside

    def _go_on(self, job: Job) -> None:
        """Raise JobCancelled if the job was cancelled or its message deleted."""
        if self.store.is_stopped(job.id):
            raise JobCancelled

    def _is_posted(self, job: Job, uploads: Sequence[tuple[str, str]], text: str) -> bool:
        if uploads:
            return self._slack(job).is_shared(uploads[0][0], job.channel)
        said = self._slack(job).thread(job.channel, job.thread_ts)
        later = (message for message in said if message["ts"] > job.message_ts)
        return any(message.get("user") == self.bot_user(job) and message.get("text") == text for message in later)

    def _photo(self, job: Job, index: int) -> Path:
        return self._file(job, f"{index}.photo")

    def _file(self, job: Job, name: str) -> Path:
        return self.folder / job.id / Path(name).name
