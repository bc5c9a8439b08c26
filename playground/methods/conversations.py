"""Messages of a channel and of a thread."""

from typing import Any

from playground.errors import SlackError
from playground.methods.call import HISTORY_SCOPES, Answer, Call, method
from playground.seed import Channel


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
