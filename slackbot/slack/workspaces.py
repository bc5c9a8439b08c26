"""In which workspace a call is made: the client with its token, and who the bot is there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from slack_sdk.oauth.installation_store import Bot

from slackbot.limits import SlackLimits
from slackbot.slack.client import Slack, web_client


@dataclass(frozen=True)
class Workspace:
    """One that the app is installed in. `bot_user` is the id that people mention there."""

    slack: Slack
    bot_user: str


class Workspaces(Protocol):
    """All that the app is installed in."""

    def of(self, team: str) -> Workspace:
        """The one of this id. Raises SlackRefused where the app is not installed, SlackUnavailable."""
        ...


@dataclass(frozen=True)
class OneWorkspace:
    """That of a SLACK_BOT_TOKEN."""

    slack: Slack
    bot_user: str

    def of(self, team: str) -> Workspace:  # noqa: ARG002 - there is one
        """Always the same."""
        return Workspace(self.slack, self.bot_user)


@dataclass(frozen=True)
class InstalledWorkspaces:
    """Those that installed the app. `bot_of` gives the token and ids of one, anew for each call."""

    bot_of: Callable[[str], Bot]
    api_url: str
    limits: SlackLimits

    def of(self, team: str) -> Workspace:
        """Its client, with the token of now."""
        bot = self.bot_of(team)
        client = web_client(bot.bot_token, self.api_url, self.limits)
        return Workspace(Slack(client, self.api_url, self.limits), bot.bot_user_id)
