"""conversations.*"""

from typing import Any

from playground.errors import SlackError
from playground.methods.call import HISTORY_SCOPES, READ_SCOPES, Answer, Call, method
from playground.seed import BOT_USER, Channel

_KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


def _page(call: Call, items: list[Any], default: int) -> tuple[list[Any], str]:
    """A page of `limit` items from `cursor` on, and the next cursor ("" at the end)."""
    limit = call.number("limit", default)
    cursor = call.text("cursor", "0").removeprefix("after:")
    if not cursor.isdigit():
        raise SlackError("invalid_cursor")
    start = int(cursor)
    following = f"after:{start + limit}" if start + limit < len(items) else ""
    return items[start : start + limit], following


def _within(call: Call, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages between `oldest` and `latest`."""
    try:
        oldest, latest = float(call.text("oldest", "0")), float(call.text("latest", "inf"))
    except ValueError:
        raise SlackError("invalid_ts_oldest") from None
    if call.flag("inclusive"):
        return [m for m in messages if oldest <= float(m["ts"]) <= latest]
    return [m for m in messages if oldest < float(m["ts"]) < latest]


def _readable(call: Call) -> Channel:
    channel = call.channel()
    call.need(HISTORY_SCOPES[channel.kind])
    return channel


@method("conversations.history")
def history(call: Call) -> Answer:
    channel = _readable(call)
    top = [
        m
        for m in channel.messages.values()
        if m.get("thread_ts", m["ts"]) == m["ts"] or m.get("subtype") == "thread_broadcast"
    ]
    page, cursor = _page(call, _within(call, top)[::-1], 100)
    shown = [call.workspace.rendered(channel, message) for message in page]
    more = {"response_metadata": {"next_cursor": cursor}} if cursor else {}
    return {"messages": shown, "has_more": bool(cursor), "pin_count": 0, **more}


@method("conversations.replies")
def replies(call: Call) -> Answer:
    channel = _readable(call)
    ts = call.text("ts")
    if ts not in channel.messages:
        raise SlackError("thread_not_found")
    parent, *others = [channel.messages[ts], *channel.replies(ts)]
    page, cursor = _page(call, [parent, *_within(call, others)], 1000)
    shown = [call.workspace.rendered(channel, message) for message in page]
    more = {"response_metadata": {"next_cursor": cursor}} if cursor else {}
    return {"messages": shown, "has_more": bool(cursor), **more}


@method("conversations.info")
def info(call: Call) -> Answer:
    channel = call.channel(member=False)
    call.need(READ_SCOPES[channel.kind])
    return {"channel": channel.described()}


@method("conversations.list", *READ_SCOPES.values(), tier=2)
def conversations(call: Call) -> Answer:
    wanted = [_KINDS.get(kind.strip()) for kind in call.text("types", "public_channel").split(",")]
    if None in wanted:
        raise SlackError("invalid_types")
    seen = [
        c
        for c in call.workspace.channels.values()
        if c.kind in wanted and (c.kind == "channel" or BOT_USER in c.members)
    ]
    for channel in seen:
        call.need(READ_SCOPES[channel.kind])
    page, cursor = _page(call, seen, 100)
    return {"channels": [channel.described() for channel in page], "response_metadata": {"next_cursor": cursor}}


@method("conversations.members", *READ_SCOPES.values(), tier=4)
def members(call: Call) -> Answer:
    channel = call.channel(member=False)
    page, cursor = _page(call, channel.members, 100)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


@method("conversations.open", "im:write")
def open_direct(call: Call) -> Answer:
    users = call.text("users").split(",")
    if len(users) != 1:
        raise SlackError("invalid_arguments", "the playground opens direct messages with one person")
    if users[0] not in call.workspace.users or users[0] == BOT_USER:
        raise SlackError("user_not_found")
    channel = call.workspace.channel(users[0])
    shown = channel.described() if call.flag("return_im") else {"id": channel.id}
    return {"no_op": True, "already_open": True, "channel": shown}


@method("conversations.join", "channels:join")
def join(call: Call) -> Answer:
    channel = call.channel(member=False)
    if BOT_USER not in channel.members:
        channel.members.append(BOT_USER)
        call.delivery.joined(BOT_USER, channel)
    return {"channel": channel.described()}
