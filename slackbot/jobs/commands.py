"""What people ask for besides photos: status, cancel, watch and unwatch, and the App Home."""

from importlib.resources import files
from pathlib import Path

from slackbot.errors import BotError
from slackbot.inference.enhancer import Enhancer
from slackbot.job import Job
from slackbot.jobs.store import Store
from slackbot.jobs.tracker import JobTracker
from slackbot.limits import PhotoLimits
from slackbot.slack import messages
from slackbot.slack.blocks import home
from slackbot.slack.client import Slack

_PICTURE = "before_after.jpg"


class ChatCommands:
    """Each method does one and gives back what to say."""

    def __init__(
        self,
        slack: Slack,
        tracker: JobTracker,
        store: Store,
        enhancer: Enhancer,
        bot_user: str,
        limits: PhotoLimits,
        admins: frozenset[str] = frozenset(),
    ) -> None:
        self._slack, self._tracker, self._store, self._enhancer = slack, tracker, store, enhancer
        self._bot_user, self._limits, self._admins = bot_user, limits, admins

    def run(self, job: Job) -> str:
        """Do what a message asks for with a word."""
        return {"status": self._status, "cancel": self._cancel, "watch": self._watch, "unwatch": self._watch}[
            job.options.command
        ](job)

    def show_home(self, user: str) -> None:
        """Publish a person's App Home; without its picture where Slack does not have that yet."""
        working, waiting = self._load("")
        model, counts = self._enhancer.is_available(), self._store.today()
        said = [messages.rated(*one) for one in self._store.ratings()] if user in self._admins else []
        for picture in (self._picture(), ""):
            view = home(self._bot_user, model, counts, working, waiting, picture, self._limits, said)
            try:
                return self._slack.show_home(user, view)
            except BotError:
                if not picture:
                    raise
        return None

    def _status(self, job: Job) -> str:
        working, waiting = self._load(job.id)
        return messages.status(self._enhancer.is_available(), working, waiting, self._tracker.minutes())

    def _cancel(self, job: Job) -> str:
        """Stop what the person asked for in this thread, or from the channel itself, all they asked for there."""
        entries = [entry.job for entry in self._tracker.entries() if not entry.job.options.command]
        mine = [one for one in entries if (one.user, one.channel) == (job.user, job.channel)]
        if job.in_thread:
            mine = [one for one in mine if one.thread_ts == job.thread_ts]
        for one in mine:
            self._store.stop(one.id)
        return messages.stopped(len(mine))

    def _watch(self, job: Job) -> str:
        if job.channel.startswith("D"):
            return messages.NOT_HERE
        before, now = self._store.is_watched(job.team, job.channel), job.options.command == "watch"
        (self._store.watch if now else self._store.unwatch)(job.team, job.channel)
        return messages.watching(now, before)

    def _load(self, without: str) -> tuple[int, int]:
        """How many jobs are worked on, and how many wait."""
        entries = [entry for entry in self._tracker.entries() if entry.job.id != without]
        waiting = sum(entry.waits for entry in entries)
        return len(entries) - waiting, waiting

    def _picture(self) -> str:
        """The file id of the before-and-after picture, uploaded once; empty if Slack refuses it."""
        known = self._store.get_value("home picture")
        if known:
            return known
        try:
            path = Path(str(files("slackbot") / _PICTURE))
            picture = self._slack.upload(path, _PICTURE, messages.HOME_PICTURE)
            self._slack.complete_upload(picture, _PICTURE)
        except BotError:
            return ""
        self._store.set_value("home picture", picture)
        return picture
