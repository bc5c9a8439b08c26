"""What people ask for besides photos: status, cancel, watch and unwatch, and the App Home."""

import logging
from importlib.resources import files
from pathlib import Path

from slackbot.errors import BotError
from slackbot.inference.enhancer import Enhancer
from slackbot.job import Job
from slackbot.jobs.store import STOPS, Store, picture_key
from slackbot.jobs.tracker import JobTracker
from slackbot.limits import PhotoLimits
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal
from slackbot.slack import messages
from slackbot.slack.blocks import home
from slackbot.slack.client import Slack
from slackbot.slack.errors import SlackRefused
from slackbot.slack.workspaces import Workspaces

log = logging.getLogger(__name__)

_PICTURE = "before_after.jpg"


class ChatCommands:
    """Each method does one and gives back what to say."""

    def __init__(
        self,
        workspaces: Workspaces,
        tracker: JobTracker,
        store: Store,
        enhancer: Enhancer,
        limits: PhotoLimits,
        admins: frozenset[str] = frozenset(),
    ) -> None:
        """`workspaces` have clients that do not wait where Slack asks to: clicks and other commands would wait, too."""
        self._workspaces, self._tracker, self._store, self._enhancer = workspaces, tracker, store, enhancer
        self._limits, self._admins = limits, admins
        self._no_agent_in: set[str] = set()  # workspaces where Slack took no prompts

    def run(self, job: Job) -> str:
        """Do what a message asks for with a word."""
        return {"status": self._status, "cancel": self._cancel, "watch": self._watch, "unwatch": self._watch}[
            job.options.command
        ](job)

    def show_home(self, user: str, team: str = "") -> None:
        """Publish a person's App Home, unless Slack asks to wait: others would wait behind it, and the next look shows
        it as well."""
        try:
            self._publish_home(user, team)
        except SlackRefused as error:
            if error.code != "ratelimited":
                raise
            metrics.refuse(Refusal.DECORATION)
            log.debug("an App Home was left out: %s", error)

    def _publish_home(self, user: str, team: str) -> None:
        """Without its picture where Slack does not have that yet, or no longer."""
        load = self._tracker.load()
        model, counts = self._enhancer.is_available(), self._store.today()
        said = [messages.rated(*one) for one in self._store.ratings()] if user in self._admins else []
        workspace = self._workspaces.of(team)
        slack, key = workspace.slack, picture_key(team)
        picture = self._picture(slack, key)

        def show(picture: str) -> None:
            view = home(workspace.bot_user, model, counts, load.working, load.waiting, picture, self._limits, said)
            slack.show_home(user, view)

        try:
            show(picture)
        except SlackRefused as error:
            if not picture or error.code == "ratelimited":
                raise
            show("")
            if not slack.has_file(picture):
                self._store.set_value(key, "")  # somebody deleted it: the next look uploads it again

    def may_suggest(self, team: str) -> bool:
        """Whether to offer what to say there: until Slack has refused it, as it does where the app is no agent."""
        return team not in self._no_agent_in

    def suggest(self, channel: str, team: str = "") -> None:
        """Offer what to say in a direct message, where the app is declared an agent."""
        try:
            self._workspaces.of(team).slack.suggest(channel, messages.PROMPTS)
        except SlackRefused as error:
            if error.code != "ratelimited":
                self._no_agent_in.add(team)
            log.debug("Slack takes no suggested prompts: %s", error)

    def _status(self, _: Job) -> str:
        load = self._tracker.load()
        return messages.status(self._enhancer.is_available(), load.working, load.waiting, self._tracker.minutes(load))

    def _cancel(self, job: Job) -> str:
        """Stop what the person asked for in this thread, or from the channel itself, all they asked for there.

        Whoever does it once more, after a crash, stops and counts the same jobs, though some have left the queue.
        """
        noted = f"{STOPS}{job.id}"
        mine = self._store.get_value(noted).split()
        if not mine:
            mine = self._tracker.table.of_person(job.user, job.channel, job.thread_ts if job.in_thread else "")
            self._store.set_value(noted, " ".join(mine))
        return messages.stopped(sum([self._store.stop(one) for one in mine]))

    def _watch(self, job: Job) -> str:
        if job.channel.startswith("D"):
            return messages.NOT_HERE
        before, now = self._store.is_watched(job.team, job.channel), job.options.command == "watch"
        (self._store.watch if now else self._store.unwatch)(job.team, job.channel)
        return messages.watching(now, before)

    def _picture(self, slack: Slack, key: str) -> str:
        """The file id of the before-and-after picture, uploaded where it is not; empty if Slack refuses it."""
        known = self._store.get_value(key)
        if known:
            return known
        try:
            path = Path(str(files("slackbot") / _PICTURE))
            picture = slack.upload(path, _PICTURE, messages.HOME_PICTURE)
            slack.complete_upload(picture, _PICTURE)
        except BotError:
            return ""
        self._store.set_value(key, picture)
        return picture
