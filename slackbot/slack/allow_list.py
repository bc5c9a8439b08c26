"""Who is served: a list of workspaces, channels and people, checked before any listener runs."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt import App, BoltContext, BoltResponse

from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal
from slackbot.slack.oauth import GONE

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AllowList:
    """Slack ids. Empty channels or people mean all of them; the bot's own workspace is always allowed."""

    teams: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()

    def allows(self, teams: set[str], channel: str | None, person: str | None) -> bool:
        """Whether all of `teams` are on the list, and the channel and person, where the event has them."""
        return teams <= self.teams and not teams & self.denied and self.allows_place(channel, person)

    def allows_place(self, channel: str | None, person: str | None) -> bool:
        """Whether the channel and person are on the list, where the event has them."""
        return (not self.channels or channel is None or channel in self.channels) and (
            not self.people or person is None or person in self.people
        )

    def may_install(self, ids: set[str]) -> bool:
        """Whether a workspace may have the app, by its id and that of its organisation. No list is for everybody."""
        return not ids & self.denied and (not self.teams or bool(ids & self.teams))


Welcome = Callable[[AllowList, BoltContext, set[str]], bool]


def one_workspace(home: str) -> Welcome:
    """Served are the workspace `home` and those on the list."""

    def welcome(allow_list: AllowList, _: BoltContext, teams: set[str]) -> bool:
        allowed = AllowList(allow_list.teams | {home}, denied=allow_list.denied)
        return allowed.allows(teams, None, None)

    return welcome


def many_workspaces(is_installed: Callable[[str], bool]) -> Welcome:
    """Served is each workspace that has the app and may have it; guests as well, of others that have it."""

    def welcome(allow_list: AllowList, context: BoltContext, teams: set[str]) -> bool:
        own = {one for one in (context.team_id, context.enterprise_id) if one}
        guests = teams - own
        return allow_list.may_install(own) and all(
            one in allow_list.teams or (allow_list.may_install({one}) and is_installed(one)) for one in guests
        )

    return welcome


def install_allow_list(app: App, allow_list: AllowList, welcome: Welcome) -> None:
    """Let nothing reach the listeners of `app` but what those that are served say and do.

    The rest is acknowledged, so that Slack does not send it again, and gets no answer. In a channel that is shared
    between workspaces (Slack Connect) the person's own workspace has to be welcome, too.
    """

    def check(context: BoltContext, body: dict[str, Any], next: Callable[[], None]) -> BoltResponse | None:  # noqa: A002
        event = body.get("event") or {}
        named = {str(event.get("user_team") or "")}
        if body.get("is_ext_shared_channel"):
            named.add(str(event.get("team") or ""))
        # A guest of an organisation may come with its id instead of that of a workspace.
        teams = ({context.team_id or "", context.actor_team_id or ""} | named) - {"", context.enterprise_id}
        if event.get("type") in GONE or (
            welcome(allow_list, context, teams) and allow_list.allows_place(context.channel_id, context.user_id)
        ):
            next()
            return None
        metrics.refuse(Refusal.GUEST)
        log.info("not on the allow-list: an event of workspace %s", context.team_id)
        return BoltResponse(status=200)

    app.use(check)
