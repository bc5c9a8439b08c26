"""Whose token it is, where Socket Mode listens, and new tokens: auth.*, apps.*, oauth.*."""

from dataclasses import replace

from playground.errors import SlackError
from playground.methods.call import Answer, Call, method
from playground.seed import APP_ID, BOT_ID, BOT_NAME, PERSON, new_id


@method("auth.test", tier=4)
def auth_test(call: Call) -> Answer:
    return {
        "url": f"{call.workspace.base_url}/",
        "team": call.workspace.teams[call.grant.team].name if call.grant.team else "",
        "user": BOT_NAME,
        "team_id": call.grant.team or call.grant.enterprise,
        "user_id": call.bot_user,
        "bot_id": BOT_ID,
        "enterprise_id": call.grant.enterprise or None,
        "is_enterprise_install": call.grant.org_wide,
    }


@method("apps.connections.open", tier=1, token="app")  # noqa: S106
def connections_open(call: Call) -> Answer:
    return {"url": call.socket_mode.issue_url()}


@method("auth.revoke", tier=3)
def revoke(call: Call) -> Answer:
    call.workspace.grants.pop(call.grant.token)
    return {"revoked": True}


@method("oauth.v2.access", tier=4, token="client")  # noqa: S106
def access(call: Call) -> Answer:
    """A code for a token; or a refresh token for the next one, once."""
    workspace, seconds = call.workspace, call.workspace.settings.token_seconds
    if call.text("grant_type", "") == "refresh_token":
        given = call.text("refresh_token")
        found = next((one for one in workspace.grants.values() if one.refresh_token == given), None)
        if found is None:
            raise SlackError("invalid_refresh_token")
        workspace.grants[found.token] = replace(found, refresh_token="")
    else:
        found = workspace.codes.pop(call.text("code"), None)
        if found is None:
            raise SlackError("invalid_code")
    # As long as Slack's own.
    token = f"{'xoxe.' if seconds else ''}xoxb-{found.team or found.enterprise}-{new_id('x') * (14 if seconds else 4)}"
    refresh = f"xoxe-1-{new_id('r') * 14}" if seconds else ""
    workspace.grants[token] = replace(found, token=token, refresh_token=refresh)
    team = workspace.teams.get(found.team)
    return {
        "access_token": token,
        "token_type": "bot",
        "scope": ",".join(workspace.settings.scopes),
        "bot_user_id": found.bot_user,
        "app_id": APP_ID,
        "team": {"id": team.id, "name": team.name} if team else None,
        "enterprise": {"id": found.enterprise, "name": found.enterprise} if found.enterprise else None,
        "is_enterprise_install": found.org_wide,
        "authed_user": {"id": PERSON},
        **({"refresh_token": refresh, "expires_in": seconds} if seconds else {}),
    }
