"""reactions.*"""

import re
from typing import Any

from playground.errors import SlackError
from playground.methods.call import Answer, Call, method
from playground.seed import Channel
from playground.workspace import Workspace

_NAME = re.compile(r"[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?")


def react(workspace: Workspace, channel: Channel, message: dict[str, Any], name: str, user: str) -> None:
    """Add a person's reaction. SlackError where it is there already."""
    reactions = message.setdefault("reactions", [])
    known = next((one for one in reactions if one["name"] == name), None)
    if known is None:
        known = {"name": name, "users": [], "count": 0}
        reactions.append(known)
    if user in known["users"]:
        raise SlackError("already_reacted")
    known["users"].append(user)
    known["count"] += 1
    workspace.touch(channel, message)


def unreact(workspace: Workspace, channel: Channel, message: dict[str, Any], name: str, user: str) -> None:
    """Take a person's reaction away. SlackError where there is none."""
    known = next((one for one in message.get("reactions", []) if one["name"] == name and user in one["users"]), None)
    if known is None:
        raise SlackError("no_reaction")
    known["users"].remove(user)
    known["count"] -= 1
    message["reactions"] = [one for one in message["reactions"] if one["count"]]
    workspace.touch(channel, message)


def _target(call: Call) -> tuple[Channel, dict[str, Any]]:
    if not call.args.get("channel") or not call.args.get("timestamp"):
        raise SlackError("no_item_specified")
    channel = call.channel()
    call.timestamp("timestamp", "bad_timestamp")
    return channel, call.message(channel, "timestamp")


def _name(call: Call) -> str:
    name = call.text("name").strip(":")
    if not _NAME.fullmatch(name):
        raise SlackError("invalid_name")
    return name


@method("reactions.add", "reactions:write")
def add(call: Call) -> Answer:
    name = _name(call)
    channel, message = _target(call)
    react(call.workspace, channel, message, name, call.bot_user)
    call.delivery.reacted("reaction_added", channel, message, name, call.bot_user)
    return {}


@method("reactions.remove", "reactions:write", tier=2)
def remove(call: Call) -> Answer:
    name = _name(call)
    channel, message = _target(call)
    unreact(call.workspace, channel, message, name, call.bot_user)
    call.delivery.reacted("reaction_removed", channel, message, name, call.bot_user)
    return {}
