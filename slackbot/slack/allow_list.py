"""Who is served: a list of workspaces, channels and people, checked before any listener runs."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt import App, BoltContext, BoltResponse

from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal
from slackbot.slack.oauth import GONE
from slackbot.slack.origin import Origin, origin_of
from slackbot.slack.requests import is_home

log = logging.getLogger(__name__)

IsServed = Callable[[Origin], bool]
"""Whether the bot works for all workspaces that have a part in an event."""


@dataclass(frozen=True)
class AllowList:
    """Slack ids. `teams` and `denied` may name workspaces and organisations.

    Empty channels or people mean all of them; what empty teams mean depends on how the app is installed.
    """

    teams: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()

    def allows_place(self, channel: str | None, person: str | None) -> bool:
        """Whether the channel and person are on the list, where the event has them."""
        return (not self.channels or channel is None or channel in self.channels) and (
            not self.people or person is None or person in self.people
        )

    def may_install(self, ids: set[str]) -> bool:
        """Whether a workspace may have the app, by its id and that of its organisation. No list is for everybody."""
        return not ids & self.denied and (not self.teams or bool(ids & self.teams))


def one_workspace(home: str, allow_list: AllowList) -> IsServed:
    """For a bot with one token: the workspace `home` and those on the list are served."""

    def is_served(origin: Origin) -> bool:
        teams = origin.others | ({origin.team} - {""})
        return teams <= allow_list.teams | {home} and not teams & allow_list.denied

    return is_served


def many_workspaces(is_installed: Callable[[str], bool], allow_list: AllowList) -> IsServed:
    """For an app that workspaces install themselves: each that has it and may have it is served.

    Another workspace that has a part in the event has to be on the list, or to have the app and may have it, too.
    """

    def is_served(origin: Origin) -> bool:
        own = {origin.team, origin.organisation} - {""}
        return allow_list.may_install(own) and all(
            one in allow_list.teams or (allow_list.may_install({one}) and is_installed(one)) for one in origin.others
        )

    return is_served


def install_allow_list(app: App, allow_list: AllowList, is_served: IsServed) -> None:
    """Let the listeners of `app` hear only from those who are served, and only where they are served.

    Everything else is acknowledged, so that Slack does not send it again, and gets no answer.
    """

    def check(context: BoltContext, body: dict[str, Any], next: Callable[[], None]) -> BoltResponse | None:  # noqa: A002
        event = body.get("event") or {}
        # The App Home is in no channel, though Slack names the person's direct messages with the bot there.
        channel = None if is_home(event) else context.channel_id
        if event.get("type") in GONE or (
            is_served(origin_of(context, body)) and allow_list.allows_place(channel, context.user_id)
        ):
            next()
            return None
        metrics.refuse(Refusal.GUEST)
        log.info("not on the allow-list: an event of workspace %s", context.team_id)
        return BoltResponse(status=200)

    app.use(check)
