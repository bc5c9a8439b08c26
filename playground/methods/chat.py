"""Messages: chat.*, and the status line under a thread."""

from typing import Any

from playground import blocks
from playground.autolink import parsed, parsed_blocks
from playground.errors import SlackError
from playground.methods.call import Answer, Call, method
from playground.seed import APP_ID, BOT_ID, BOT_NAME, Channel, Team

MAX_TEXT = 40_000


def by_the_app(team: Team) -> dict[str, Any]:
    """What marks a message as the app's."""
    return {
        "user": team.bot_user,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "team": team.id,
        "bot_profile": {
            "id": BOT_ID,
            "deleted": False,
            "name": BOT_NAME,
            "updated": 0,
            "app_id": APP_ID,
            "user_id": team.bot_user,
            "icons": {},
            "team_id": team.id,
        },
    }


def file_exists(call: Call) -> Any:
    """Whether a `slack_file` (by id or address) may stand in a block: shared, there, and processed."""

    def exists(reference: str) -> bool:
        files = call.workspace.files.values()
        return any(f.completed and not f.deleted and f.ready and f.id in reference for f in files)

    return exists


def _content(call: Call) -> dict[str, Any]:
    """Text, blocks and attachments of a message, checked."""
    content: dict[str, Any] = {"text": call.text("text", "") or call.text("markdown_text", "")}
    if len(content["text"]) > MAX_TEXT:
        raise SlackError("msg_too_long")
    if call.text("parse", "") != "none":
        content["text"] = parsed(content["text"], call.workspace.channel_id)
    wanted = call.structure("blocks", "invalid_blocks_format")
    if wanted:
        wanted = blocks.checked(wanted, file_exists(call))
        content["blocks"] = parsed_blocks(wanted, call.workspace.channel_id)
    attachments = call.structure("attachments")
    if attachments:
        content["attachments"] = attachments
    metadata = call.structure("metadata", "invalid_metadata_format")
    if metadata:
        content["metadata"] = metadata
    if not content["text"] and len(content) == 1:
        raise SlackError("no_text")
    return content


@method("chat.postMessage", "chat:write", tier=4)
def post_message(call: Call) -> Answer:
    channel = call.channel(by_name=True)
    message = {**by_the_app(channel.team), **_content(call)}
    thread_ts = call.thread(channel)
    if thread_ts:
        message["thread_ts"] = thread_ts
        if call.flag("reply_broadcast"):
            message["subtype"] = "thread_broadcast"
    posted = call.workspace.add_message(channel, message)
    call.delivery.posted(channel, posted)
    return {"channel": channel.id, "ts": posted["ts"], "message": call.workspace.rendered(channel, posted)}


def change_message(call: Call, channel: Channel, message: dict[str, Any], content: dict[str, Any]) -> None:
    """Put new text and blocks into a message; what is not given goes, as in `chat.update`."""
    previous = call.workspace.rendered(channel, message)
    for key in ("blocks", "attachments", "metadata"):
        message.pop(key, None)
    message |= content
    message["edited"] = {"user": call.bot_user, "ts": call.workspace.next_ts()}
    call.workspace.touch(channel, message)
    call.delivery.changed(channel, previous, message)


@method("chat.delete", "chat:write")
def delete(call: Call) -> Answer:
    channel = call.channel()
    message = call.message(channel)
    if message["user"] != call.bot_user:
        raise SlackError("cant_delete_message")
    call.delivery.removed(channel, call.workspace.remove_message(channel, message["ts"]))
    return {"channel": channel.id, "ts": message["ts"]}


@method("chat.postEphemeral", "chat:write", tier=4)
def post_ephemeral(call: Call) -> Answer:
    channel = call.channel(by_name=True)
    user = call.text("user")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    ephemeral = {
        "type": "message",
        **by_the_app(channel.team),
        **_content(call),
        "channel": channel.id,
        "to": user,
        "ts": call.workspace.next_ts(),
        "is_ephemeral": True,
    }
    thread_ts = call.thread(channel)
    if thread_ts:
        ephemeral["thread_ts"] = thread_ts
    call.workspace.ephemerals.append(ephemeral)
    call.workspace.record("ephemeral", channel=channel.id, message=ephemeral)
    return {"message_ts": ephemeral["ts"]}


@method("assistant.threads.setStatus", "chat:write", "assistant:write")
def set_status(call: Call) -> Answer:
    channel = call.channel("channel_id")
    thread_ts = call.thread(channel) or call.text("thread_ts")
    status = call.args.get("status")
    if status is None:
        raise SlackError("invalid_arguments", "missing required field: status")
    call.workspace.set_status(channel, thread_ts, str(status), call.structure("loading_messages") or [])
    return {}
