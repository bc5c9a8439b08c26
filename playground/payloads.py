"""What Slack sends to an app: events and interactive payloads, as pure functions of what happened.

Shapes: docs.slack.dev/reference/events and docs.slack.dev/reference/interaction-payloads.
"""

import time
from typing import Any

from playground.seed import APP_ID, HOME, TEAM, Channel, Team, User, new_id

VERIFICATION_TOKEN = "playground-verification"  # noqa: S105 - deprecated by Slack, still in every payload
CHANNEL_TYPES = {"channel": "channel", "group": "group", "im": "im"}
SUBSCRIPTIONS = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}


def event_callback(event: dict[str, Any], team: Team = HOME, *, org_wide: bool = False) -> dict[str, Any]:
    """The outer event: a new `event_id` and the usual surroundings. `org_wide`: its organisation installed the app.

    A team without an id is the organisation itself.
    """
    enterprise = team.enterprise or None
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": team.id or None,
        "context_team_id": team.id or None,
        "context_enterprise_id": enterprise,
        **({"enterprise_id": enterprise} if enterprise else {}),
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": new_id("Ev"),
        "event_time": int(float(event.get("event_ts", time.time()))),
        "authorizations": [
            {
                "enterprise_id": enterprise,
                "team_id": team.id or None,
                "user_id": team.bot_user,
                "is_bot": True,
                "is_enterprise_install": org_wide,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{new_id('E')}",
    }


def message_posted(channel: Channel, message: dict[str, Any]) -> dict[str, Any]:
    """`message`; with files its subtype is `file_share`."""
    more = {"subtype": "file_share", "upload": False, "display_as_bot": False} if message.get("files") else {}
    return {
        **message,
        **more,
        "channel": channel.id,
        "event_ts": message["ts"],
        "channel_type": CHANNEL_TYPES[channel.kind],
    }


def app_mentioned(channel: Channel, message: dict[str, Any], *, with_files: bool) -> dict[str, Any]:
    """`app_mention`, the twin of a `message` that names the app; of an edited one it has `edited`."""
    kept = {key: value for key, value in message.items() if key != "files" or with_files}
    event_ts = message.get("edited", message)["ts"]
    return {**kept, "type": "app_mention", "channel": channel.id, "event_ts": event_ts}


def message_deleted(channel: Channel, previous: dict[str, Any], event_ts: str) -> dict[str, Any]:
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": previous,
        "channel": channel.id,
        "hidden": True,
        "deleted_ts": previous["ts"],
        "event_ts": event_ts,
        "ts": event_ts,
        "channel_type": CHANNEL_TYPES[channel.kind],
    }


def message_changed(
    channel: Channel, previous: dict[str, Any], message: dict[str, Any], event_ts: str
) -> dict[str, Any]:
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": message,
        "previous_message": previous,
        "channel": channel.id,
        "hidden": True,
        "ts": event_ts,
        "event_ts": event_ts,
        "channel_type": CHANNEL_TYPES[channel.kind],
    }


def file_shared(channel: Channel, file_id: str, user: str, event_ts: str) -> dict[str, Any]:
    return {
        "type": "file_shared",
        "file_id": file_id,
        "user_id": user,
        "file": {"id": file_id},
        "channel_id": channel.id,
        "event_ts": event_ts,
    }


def reaction(
    kind: str, channel: Channel, message: dict[str, Any], name: str, user: str, event_ts: str
) -> dict[str, Any]:
    """`kind` is "reaction_added" or "reaction_removed"."""
    return {
        "type": kind,
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": channel.id, "ts": message["ts"]},
        "item_user": message["user"],
        "event_ts": event_ts,
    }


def home_opened(
    user: str, channel: str, view: dict[str, Any] | None, event_ts: str, tab: str = "home"
) -> dict[str, Any]:
    return {
        "type": "app_home_opened",
        "user": user,
        "channel": channel,
        "tab": tab,
        "event_ts": event_ts,
        **({"view": view} if view else {}),
    }


def session_stopped(channel: Channel, thread_ts: str, user: str, event_ts: str) -> dict[str, Any]:
    """Somebody pressed the stop button that Slack shows while an agent is at work in a thread."""
    return {
        "type": "agent_session_stopped",
        "channel": channel.id,
        "thread_ts": thread_ts,
        "user": user,
        "streaming_message_ts": [],
        "event_ts": event_ts,
    }


def member_joined(user: str, channel: Channel, event_ts: str) -> dict[str, Any]:
    return {
        "type": "member_joined_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": "C" if channel.kind == "channel" else "G",
        "team": channel.team.id,
        "event_ts": event_ts,
    }


# Interactive payloads


def _surroundings(kind: str, user: User, trigger_id: str) -> dict[str, Any]:
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM["id"]},
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "trigger_id": trigger_id,
        "team": {"id": TEAM["id"], "domain": TEAM["domain"]},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def block_actions(
    user: User,
    action: dict[str, Any],
    trigger_id: str,
    *,
    channel: Channel | None = None,
    message: dict[str, Any] | None = None,
    view: dict[str, Any] | None = None,
    response_url: str = "",
    ephemeral: bool = False,
) -> dict[str, Any]:
    """A click on a block element of a message, or of a view (App Home)."""
    payload = _surroundings("block_actions", user, trigger_id)
    if message is not None and channel is not None:
        container = {
            "type": "message",
            "message_ts": message["ts"],
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        }
        if message.get("thread_ts"):
            container["thread_ts"] = message["thread_ts"]
        payload |= {
            "container": container,
            "channel": {"id": channel.id, "name": channel.name or "directmessage"},
            "message": message,
            "response_url": response_url,
        }
    elif view is not None:
        payload |= {"container": {"type": "view", "view_id": view["id"]}, "view": view}
    return {**payload, "state": {"values": {}}, "actions": [action]}


def message_action(
    user: User, channel: Channel, message: dict[str, Any], callback_id: str, trigger_id: str, response_url: str
) -> dict[str, Any]:
    """A message shortcut."""
    return {
        **_surroundings("message_action", user, trigger_id),
        "action_ts": f"{time.time():.6f}",
        "channel": {"id": channel.id, "name": channel.name or "directmessage"},
        "callback_id": callback_id,
        "response_url": response_url,
        "message_ts": message["ts"],
        "message": message,
    }


def slash_command(
    user: User, channel: Channel, command: str, text: str, trigger_id: str, response_url: str
) -> dict[str, Any]:
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM["id"],
        "team_domain": TEAM["domain"],
        "channel_id": channel.id,
        "channel_name": channel.name or "directmessage",
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }
