"""What a token is good for, and through which installation the app hears of a workspace."""

from typing import Any

from playground import payloads
from playground.files import StoredFile
from playground.seed import TEAM, Grant, Team
from playground.workspace import Workspace


def may_see(workspace: Workspace, grant: Grant, file: StoredFile) -> bool:
    """Whether a token is good for a file: the app's own, or one that stands in a channel of its workspaces."""
    places = [channel for shares in file.shares.values() for channel in shares]
    forwarded = any(
        file.id in one.get("files", ())
        for channel in workspace.channels.values()
        if grant.covers(channel.team)
        for message in channel.messages.values()
        for one in message.get("attachments", ())
    )
    return (
        file.user == grant.bot_user
        or (not places and grant.team == TEAM["id"])
        or forwarded
        or any(grant.covers(workspace.channels[place].team) for place in places)
    )


def as_event(workspace: Workspace, event: dict[str, Any], team: Team) -> dict[str, Any]:
    """The outer event for a workspace that has the app, by itself or through its organisation."""
    covering = [grant for grant in workspace.grants.values() if grant.covers(team)]
    org_wide = bool(covering) and all(grant.org_wide for grant in covering)
    callback = payloads.event_callback(event, team, org_wide=org_wide)
    guest = event.get("user_team", team.id)
    return callback if guest == team.id else {**callback, "team_id": guest, "is_ext_shared_channel": True}
