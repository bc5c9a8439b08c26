"""Who is served: an allow-list of workspaces, channels and people, checked before any listener runs."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt import App, BoltContext, BoltResponse

from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AllowList:
    """Slack ids. Empty channels or people mean all of them; the bot's own workspace is always allowed."""

    teams: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()

    def allows(self, teams: set[str], channel: str | None, person: str | None) -> bool:
        """Whether all of `teams` are on the list, and the channel and person, where the event has them."""
        return (
            teams <= self.teams
            and (not self.channels or channel is None or channel in self.channels)
            and (not self.people or person is None or person in self.people)
        )


def install_allow_list(app: App, allow_list: AllowList, home: str) -> None:
    """Let nothing reach the listeners of `app` but what allow_list, and the workspace `home`, say and do.

    The rest is acknowledged, so that Slack does not send it again, and gets no answer. In a channel that is shared
    between workspaces (Slack Connect) the person's own workspace has to be welcome, too.
    """
    allow_list = AllowList(allow_list.teams | {home}, allow_list.channels, allow_list.people)

    def check(context: BoltContext, body: dict[str, Any], next: Callable[[], None]) -> BoltResponse | None:  # noqa: A002
        named = str((body.get("event") or {}).get("user_team") or "")
        teams = {team for team in (context.team_id, context.actor_team_id, named) if team and team.startswith("T")}
        if allow_list.allows(teams, context.channel_id, context.user_id):
            next()
            return None
        metrics.refuse(Refusal.GUEST)
        log.info("not on the allow-list: an event of workspace %s", context.team_id)
        return BoltResponse(status=200)

    app.use(check)
