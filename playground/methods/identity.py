"""Who is who: auth.*, apps.*, users.*, bots.*, team.*."""

from playground.errors import SlackError
from playground.methods.call import Answer, Call, method
from playground.seed import APP_ID, BOT_ID, BOT_NAME, BOT_USER, TEAM


@method("api.test", tier=4, token="any")  # noqa: S106 - a kind, no secret
def api_test(call: Call) -> Answer:
    if call.args.get("error"):
        raise SlackError(str(call.args["error"]), args=call.args)
    return {"args": call.args}


@method("auth.test", tier=4)
def auth_test(call: Call) -> Answer:
    return {
        "url": f"{call.workspace.base_url}/",
        "team": TEAM["name"],
        "user": BOT_NAME,
        "team_id": TEAM["id"],
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


@method("apps.connections.open", tier=1, token="app")  # noqa: S106
def connections_open(call: Call) -> Answer:
    return {"url": call.socket_mode.issue_url()}


@method("users.info", "users:read", tier=4)
def users_info(call: Call) -> Answer:
    user = call.workspace.users.get(call.text("user"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user.described()}


@method("bots.info", "users:read")
def bots_info(call: Call) -> Answer:
    if call.text("bot", BOT_ID) != BOT_ID:
        raise SlackError("bot_not_found")
    return {
        "bot": {
            "id": BOT_ID,
            "deleted": False,
            "name": BOT_NAME,
            "updated": 0,
            "app_id": APP_ID,
            "user_id": BOT_USER,
            "icons": {},
        }
    }


@method("team.info", "team:read")
def team_info(call: Call) -> Answer:
    return {"team": {**TEAM, "url": f"{call.workspace.base_url}/", "email_domain": "", "icon": {}}}
