"""Which workspace an event, click or shortcut comes through, and which others have a part in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt import BoltContext


@dataclass(frozen=True)
class Origin:
    """Slack's ids. `team` is the workspace through which the bot hears of it, `organisation` the one it belongs to.

    Each is perhaps empty. `others` are further workspaces: in a channel that is shared between workspaces (Slack
    Connect, `shared`) a person's own. Of some people Slack gives only the organisation's id instead.
    """

    team: str
    organisation: str
    others: frozenset[str]
    shared: bool = False

    @property
    def is_external(self) -> bool:
        """Whether the person may be somebody from outside the workspace."""
        return self.shared or bool(self.others)


def origin_of(context: BoltContext, body: Mapping[str, Any]) -> Origin:
    """The origin of what Bolt received as `body`."""
    event = body.get("event") or {}
    team, organisation = context.team_id or "", context.enterprise_id or ""
    named = {context.actor_team_id or "", str(event.get("user_team") or "")}
    shared = bool(body.get("is_ext_shared_channel"))
    if shared:
        named.add(str(event.get("team") or ""))
    return Origin(team, organisation, frozenset(named - {team, organisation, ""}), shared)
