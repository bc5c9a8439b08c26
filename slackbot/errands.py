"""What people ask for besides photos: status, cancel, watch and unwatch, and the App Home."""

from importlib.resources import files
from pathlib import Path

from slackbot import replies
from slackbot.board import Board
from slackbot.enhance import Enhancer
from slackbot.errors import BotError
from slackbot.home import home
from slackbot.job import Job
from slackbot.limits import Limits
from slackbot.notebook import Notebook
from slackbot.slack import Slack

_PICTURE = "before_after.jpg"


class Errands:
    """Each method does one and gives back what to say."""

    def __init__(
        self, slack: Slack, board: Board, notebook: Notebook, enhancer: Enhancer, bot_user: str, limits: Limits
    ) -> None:
        self._slack, self._board, self._notebook, self._enhancer = slack, board, notebook, enhancer
        self._bot_user, self._limits = bot_user, limits

    def run(self, job: Job) -> str:
        """Do what a message asks for with a word."""
        return {"status": self._status, "cancel": self._cancel, "watch": self._watch, "unwatch": self._watch}[
            job.wish.errand
        ](job)

    def show_home(self, user: str) -> None:
        """Publish a person's App Home; without its picture where Slack does not have that yet."""
        working, waiting = self._load("")
        model, counts = self._enhancer.is_well(), self._notebook.today()
        for picture in (self._picture(), ""):
            view = home(self._bot_user, model, counts, working, waiting, picture, self._limits)
            try:
                return self._slack.show_home(user, view)
            except BotError:
                if not picture:
                    raise
        return None

    def _status(self, job: Job) -> str:
        working, waiting = self._load(job.id)
        return replies.status(self._enhancer.is_well(), working, waiting, self._board.minutes())

    def _cancel(self, job: Job) -> str:
        """Stop what the person asked for in this thread, or from the channel itself, all they asked for there."""
        entries = [entry.job for entry in self._board.entries() if not entry.job.wish.errand]
        mine = [one for one in entries if (one.asker, one.channel) == (job.asker, job.channel)]
        if job.in_thread:
            mine = [one for one in mine if one.thread == job.thread]
        for one in mine:
            self._notebook.stop(one.id)
        return replies.stopped(len(mine))

    def _watch(self, job: Job) -> str:
        if job.channel.startswith("D"):
            return replies.NOT_HERE
        before, now = self._notebook.is_watched(job.team, job.channel), job.wish.errand == "watch"
        (self._notebook.watch if now else self._notebook.unwatch)(job.team, job.channel)
        return replies.watching(now, before)

    def _load(self, without: str) -> tuple[int, int]:
        """How many jobs are worked on, and how many wait."""
        entries = [entry for entry in self._board.entries() if entry.job.id != without]
        waiting = sum(entry.waits for entry in entries)
        return len(entries) - waiting, waiting

    def _picture(self) -> str:
        """The id of the picture of before and after, handed to Slack once; empty where it does not take it."""
        known = self._notebook.noted("home picture")
        if known:
            return known
        try:
            path = Path(str(files("slackbot") / _PICTURE))
            picture = self._slack.upload(path, _PICTURE, replies.HOME_PICTURE)
            self._slack.keep(picture, _PICTURE)
        except BotError:
            return ""
        self._notebook.note("home picture", picture)
        return picture
