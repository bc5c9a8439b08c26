"""views.*: the App Home."""

import time
from typing import Any

from playground import blocks
from playground.errors import SlackError
from playground.methods.call import Answer, Call, method
from playground.methods.chat import file_exists
from playground.seed import APP_ID, BOT_ID, TEAM, new_id


def _home(call: Call) -> dict[str, Any]:
    view = call.structure("view")
    if not isinstance(view, dict) or view.get("type") != "home":
        raise SlackError("invalid_arguments", "must be a view of type home [json-pointer:/view]")
    view_id = new_id("V")
    return {
        "callback_id": "",
        "private_metadata": "",
        "title": None,
        "submit": None,
        "close": None,
        **view,
        "id": view_id,
        "root_view_id": view_id,
        "previous_view_id": None,
        "team_id": TEAM["id"],
        "app_id": APP_ID,
        "app_installed_team_id": TEAM["id"],
        "bot_id": BOT_ID,
        "external_id": view.get("external_id", ""),
        "blocks": blocks.checked(view.get("blocks"), file_exists(call), "home"),
        "state": {"values": {}},
        "hash": f"{int(time.time())}.{new_id('h')}",
        "clear_on_close": False,
        "notify_on_close": False,
    }


@method("views.publish", tier=4)
def publish(call: Call) -> Answer:
    user = call.text("user_id")
    if user not in call.workspace.users:
        raise SlackError("invalid_arguments", "invalid `user_id`")
    current = call.workspace.homes.get(user)
    if call.args.get("hash") and current and call.args["hash"] != current["hash"]:
        raise SlackError("hash_conflict")
    view = _home(call)
    if current:
        view["id"] = view["root_view_id"] = current["id"]
    call.workspace.homes[user] = view
    call.workspace.record("home", user=user, view=view)
    return {"view": view}
