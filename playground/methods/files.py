"""files.*: the three steps of an upload, and what one may ask of a file afterwards."""

import time
from typing import Any

from playground import blocks
from playground.autolink import parsed, parsed_blocks
from playground.errors import SlackError
from playground.files import describe, shared_in
from playground.methods.call import Answer, Call, method
from playground.methods.chat import by_the_app, file_exists
from playground.rights import may_see
from playground.seed import TEAM, Channel

MAX_ALT_TXT = 1000


def described(call: Call, file_id: str) -> dict[str, Any]:
    file = call.workspace.files[file_id]
    return {**describe(file, base_url=call.workspace.base_url, team=TEAM["id"]), **shared_in(file)}


@method("files.info", "files:read", tier=4)
def info(call: Call) -> Answer:
    file = call.workspace.file(call.text("file"))
    if not may_see(call.workspace, call.grant, file):
        raise SlackError("file_not_found")
    if file.mode in ("access_denied", "file_not_found", "tombstone", "hidden_by_limit"):
        raise SlackError("access_denied" if file.mode == "access_denied" else "file_not_found")
    return {"file": described(call, file.id), "comments": [], "response_metadata": {"next_cursor": ""}}


@method("files.delete", "files:write")
def delete(call: Call) -> Answer:
    file = call.workspace.file(call.text("file"))
    if file.user != call.bot_user:
        raise SlackError("cant_delete_file")
    file.deleted = True
    call.workspace.touch_file(file.id)
    return {}


@method("files.getUploadURLExternal", "files:write", tier=4)
def get_upload_url(call: Call) -> Answer:
    filename = call.text("filename")
    length = call.number("length", 0, least=0, most=10**12)
    if length <= 0:
        raise SlackError("invalid_arguments", "must be greater than 0 [json-pointer:/length]")
    if length > call.workspace.settings.max_upload_bytes:
        raise SlackError("file_upload_size_restricted")
    alt_txt = call.text("alt_txt", "")
    if len(alt_txt) > MAX_ALT_TXT:
        raise SlackError("alt_txt_too_large")
    file = call.workspace.add_file(filename, call.bot_user, length=length, alt_txt=alt_txt)
    return {"upload_url": f"{call.workspace.base_url}/upload/v1/{file.secret}{file.id}", "file_id": file.id}


def _destination(call: Call) -> Channel | None:
    """The one channel to share in; None keeps the files private."""
    listed = [one for one in call.text("channels", "").split(",") if one]
    if len(listed) > 1:
        raise SlackError("invalid_arguments", "the playground shares a file in one channel")
    if listed:
        call.args["channel_id"] = listed[0]
    if not call.args.get("channel_id"):
        return None
    reference = call.text("channel_id")
    if reference not in call.workspace.channels and reference not in call.workspace.users:
        raise SlackError("channel_not_found")
    channel = call.workspace.channel(reference)
    if not call.grant.covers(channel.team):
        raise SlackError("channel_not_found")
    if call.bot_user not in channel.members:
        raise SlackError("not_in_channel" if channel.kind == "channel" else "channel_not_found")
    return channel


@method("files.completeUploadExternal", "files:write", tier=4)
def complete_upload(call: Call) -> Answer:
    wanted = call.structure("files")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(one, dict) and "id" in one for one in wanted):
        raise SlackError("invalid_arguments", "missing required field: files")
    uploads = [call.workspace.files.get(str(one["id"])) for one in wanted]
    if any(file is None or file.user != call.bot_user or file.deleted for file in uploads):
        raise SlackError("file_not_found")
    files = [file for file in uploads if file is not None]
    if any(file.content is None or file.completed for file in files):
        raise SlackError("file_update_failed")
    channel = _destination(call)
    thread_ts = call.thread(channel) if channel else None
    text = parsed(call.text("initial_comment", ""), call.workspace.channel_id)
    rich = None if text else call.structure("blocks", "invalid_blocks_format")
    if rich:
        rich = parsed_blocks(blocks.checked(rich, file_exists(call)), call.workspace.channel_id)

    for file, one in zip(files, wanted, strict=True):
        file.title = str(one.get("title") or file.name)
        file.completed = True
        file.ready_at = time.time() + call.workspace.settings.processing_seconds
    # The answer shows the files as they are before Slack has processed and shared them.
    answer = [{"id": file.id, "title": file.title} for file in files]
    if channel is not None:
        message = {**by_the_app(channel.team), "text": text, "files": [file.id for file in files]}
        message |= {"thread_ts": thread_ts} if thread_ts else {}
        message |= {"blocks": rich} if rich else {}
        posted = call.workspace.add_message(channel, message)
        call.delivery.posted(channel, posted)
        answer = [described(call, file.id) for file in files]
    return {"files": answer}
