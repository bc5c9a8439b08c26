"""views.*: the App Home and modals."""

import time
from typing import Any

from playground import blocks
from playground.errors import SlackError
from playground.methods.call import Answer, Call, method
from playground.methods.chat import file_exists
from playground.seed import APP_ID, BOT_ID, TEAM, new_id


def _view(call: Call, surface: str) -> dict[str, Any]:
    view = call.structure("view")
    if not isinstance(view, dict) or view.get("type") != surface:
        raise SlackError("invalid_arguments", f"must be a view of type {surface} [json-pointer:/view]")
    if surface == "modal" and not isinstance(view.get("title"), dict):
        raise SlackError("invalid_arguments", "missing required field: title [json-pointer:/view]")
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
        "blocks": blocks.checked(view.get("blocks"), file_exists(call), surface),
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
    view = _view(call, "home")
    if current:
        view["id"] = view["root_view_id"] = current["id"]
    call.workspace.homes[user] = view
    call.workspace.record("home", user=user, view=view)
    return {"view": view}


@method("views.open", tier=4)
def open_modal(call: Call) -> Answer:
    trigger_id = call.text("trigger_id", "") or call.text("interactivity_pointer")
    expires = call.workspace.triggers.pop(trigger_id, None)
    if expires is None:
        raise SlackError("invalid_trigger_id")
    if time.time() > expires:
        raise SlackError("expired_trigger_id")
    view = _view(call, "modal")
    call.workspace.modals[view["id"]] = view
    call.workspace.record("modal", view=view)
    return {"view": view}


@method("views.update", tier=4)
def update_modal(call: Call) -> Answer:
    view_id = call.text("view_id")
    if view_id not in call.workspace.modals:
        raise SlackError("not_found")
    view = {**_view(call, "modal"), "id": view_id, "root_view_id": view_id}
    call.workspace.modals[view_id] = view
    call.workspace.record("modal", view=view)
    return {"view": view}
