"""What people do in the workspace: post, edit, delete, react, click, open the App Home."""

import asyncio
import html
import re
import time
from typing import Any
from uuid import uuid4

from playground import payloads
from playground.attachments import forwarded, unfurled
from playground.errors import BadRequest
from playground.event_delivery import EventDelivery, response_url, trigger
from playground.files import FILE_MODES
from playground.methods.reactions import react, unreact
from playground.seed import PERSON, Channel
from playground.socket_mode import SocketMode
from playground.workspace import Workspace

_MENTION = re.compile(r"(?<![\w&;])@(\w+(?:[.-]\w+)*)")
_KEPT = re.compile(r"<[@#!][^<>\s]+>")
_LINK = re.compile(r"(?<![\w/<|])https?://[^\s<>|`]*[\w/]")
_LINKED = re.compile(r"<(https?://[^<>|]+)")


def as_slack_writes(text: str, names: dict[str, str]) -> str:
    """Typed text as Slack stores it: `&`, `<`, `>` escaped, `@name` as `<@ID>`, links as `<link>`; `<@ID>` stays."""
    kept = _KEPT.findall(text)
    escaped = "\0".join(html.escape(part, quote=False) for part in _KEPT.split(text))
    escaped = _MENTION.sub(lambda m: f"<@{names[m[1].lower()]}>" if m[1].lower() in names else m[0], escaped)
    escaped = _LINK.sub(lambda m: f"<{m[0]}>", escaped)
    for mention in kept:
        escaped = escaped.replace("\0", mention, 1)
    return escaped


class UserActions:
    """The people's side of the workspace."""

    def __init__(self, workspace: Workspace, delivery: EventDelivery, socket_mode: SocketMode) -> None:
        self._workspace, self._delivery, self._socket_mode = workspace, delivery, socket_mode

    def _message(self, channel: Channel, ts: str) -> dict[str, Any]:
        message = channel.messages.get(ts)
        if message is None:
            raise BadRequest(f"No message {ts} in {channel.id}.")
        return message

    def post(
        self,
        channel_reference: str,
        text: str,
        uploads: list[tuple[str, bytes]],
        *,
        user: str = PERSON,
        thread_ts: str | None = None,
        file_mode: str = "hosted",
    ) -> dict[str, Any]:
        """A person's message, with files as (name, bytes). Returns it as the history shows it."""
        workspace = self._workspace
        channel, author = workspace.channel(channel_reference), workspace.user(user)
        if file_mode not in FILE_MODES:
            raise BadRequest(f"file_mode must be one of {', '.join(FILE_MODES)}, not {file_mode!r}.")
        if not text.strip() and not uploads:
            raise BadRequest("A message needs text or a file.")
        if thread_ts is not None and thread_ts not in channel.messages:
            raise BadRequest(f"No message {thread_ts} to reply to in {channel.id}.")
        files = []
        for name, content in uploads:
            file = workspace.add_file(name, author.id, content=content, mode=file_mode, completed=True)
            file.ready_at = time.time() + workspace.settings.processing_seconds
            files.append(file.id)
        names = {known.name: known.id for known in workspace.users.values()}
        message: dict[str, Any] = {"user": author.id, "team": channel.team.id, "text": as_slack_writes(text, names)}
        if author.team:
            message |= dict.fromkeys(("team", "user_team", "source_team"), author.team)
        if files:
            message["files"] = files
        else:
            message["client_msg_id"] = str(uuid4())
        if thread_ts:
            message["thread_ts"] = thread_ts
            message["parent_user_id"] = channel.messages[thread_ts]["user"]
        posted = workspace.add_message(channel, message)
        self._delivery.posted(channel, posted)
        self._unfurl(channel, posted)
        return workspace.rendered(channel, posted)

    def forward(
        self, channel_reference: str, ts: str, to: str, text: str = "", *, user: str = PERSON
    ) -> dict[str, Any]:
        """Share a message elsewhere, as an attachment under a message of one's own. Returns that one."""
        workspace = self._workspace
        channel, target, author = workspace.channel(channel_reference), workspace.channel(to), workspace.user(user)
        shared = forwarded(channel, self._message(channel, ts), workspace.base_url)
        names = {known.name: known.id for known in workspace.users.values()}
        message = {
            "user": author.id,
            "team": target.team.id,
            "text": as_slack_writes(text, names),
            "client_msg_id": str(uuid4()),
            "attachments": [shared],
        }
        posted = workspace.add_message(target, message)
        self._delivery.posted(target, posted)
        return workspace.rendered(target, posted)

    def _unfurl(self, channel: Channel, message: dict[str, Any]) -> None:
        """Show the pictures of this workspace that a message links to, as Slack does a moment later."""
        linked = [file for file in map(self._workspace.linked_file, _LINKED.findall(message["text"])) if file]
        if not linked:
            return
        previous = self._workspace.rendered(channel, message)
        message["attachments"] = [unfurled(number, file) for number, file in enumerate(linked, 1)]
        self._workspace.touch(channel, message)
        self._delivery.changed(channel, previous, message)

    def edit(self, channel_reference: str, ts: str, text: str) -> dict[str, Any]:
        """Change a message's words. Where it mentions the app, the app hears of that once more."""
        channel = self._workspace.channel(channel_reference)
        message = self._message(channel, ts)
        previous = self._workspace.rendered(channel, message)
        names = {known.name: known.id for known in self._workspace.users.values()}
        message |= {
            "text": as_slack_writes(text, names),
            "edited": {"user": message["user"], "ts": self._workspace.next_ts()},
        }
        self._workspace.touch(channel, message)
        self._delivery.changed(channel, previous, message)
        self._delivery.mentioned(channel, message)
        self._unfurl(channel, message)
        return self._workspace.rendered(channel, message)

    def delete(self, channel_reference: str, ts: str) -> None:
        """Take a message away, and its files with it, as Slack does."""
        channel = self._workspace.channel(channel_reference)
        message = self._message(channel, ts)
        previous = self._workspace.remove_message(channel, ts)
        for file_id in message.get("files", []):
            self._workspace.files[file_id].deleted = True
        self._delivery.removed(channel, previous)

    def react(self, channel_reference: str, ts: str, name: str, user: str = PERSON, *, remove: bool = False) -> None:
        channel = self._workspace.channel(channel_reference)
        message = self._message(channel, ts)
        (unreact if remove else react)(self._workspace, channel, message, name, user)
        self._delivery.reacted("reaction_removed" if remove else "reaction_added", channel, message, name, user)

    def join(self, channel_reference: str, user: str, *, member: bool = True) -> None:
        """Bring somebody into a channel, or take them out."""
        channel, who = self._workspace.channel(channel_reference), self._workspace.user(user)
        if member and who.id not in channel.members:
            channel.members.append(who.id)
            self._delivery.joined(who.id, channel)
        if not member and who.id in channel.members:
            channel.members.remove(who.id)
        self._workspace.record("channel", channel=channel.id)

    # Interactions

    def open_home(self, user: str = PERSON, tab: str = "home") -> dict[str, Any] | None:
        """Look at the app's `tab`, "home" or "messages". Returns the view of its Home that is there so far."""
        self._delivery.opened_home(user, tab)
        return self._workspace.homes.get(user)

    def stop_session(self, channel_reference: str, thread_ts: str, user: str = PERSON) -> None:
        """Press the stop button of a thread in which an agent is at work."""
        channel = self._workspace.channel(channel_reference)
        if self._workspace.sessions.get((channel.id, thread_ts)) != "processing":
            raise BadRequest("Nothing is at work in this thread.")
        self._delivery.stopped_session(channel, thread_ts, self._workspace.user(user).id)

    async def click(
        self,
        action_id: str,
        *,
        channel: str | None = None,
        ts: str | None = None,
        view_id: str | None = None,
        block_id: str | None = None,
        user: str = PERSON,
        changes: dict[str, Any] | None = None,
    ) -> bool:
        """Click a button of a message or a view; `changes` are put into the action (`selected_option` and the like).

        Returns whether the app acknowledged.
        """
        who = self._workspace.user(user)
        place: dict[str, Any] = {}
        if view_id is not None:
            view = next((one for one in self._workspace.homes.values() if one["id"] == view_id), None)
            if view is None:
                raise BadRequest(f"No view {view_id}.")
            blocks, place["view"] = view["blocks"], view
        elif channel is not None and ts is not None:
            where = self._workspace.channel(channel)
            ephemeral = next((one for one in self._workspace.ephemerals if one["ts"] == ts), None)
            message = ephemeral or self._workspace.rendered(where, self._message(where, ts))
            blocks = message.get("blocks", [])
            url = response_url(self._workspace, where, who.id, ts, message.get("thread_ts"))
            place |= {"channel": where, "message": message, "response_url": url, "ephemeral": ephemeral is not None}
        else:
            raise BadRequest("A click needs `channel` and `ts`, or `view_id`.")
        element, block = _element(blocks, action_id, block_id)
        action: dict[str, Any] = {
            "type": element["type"],
            "action_id": element.get("action_id", ""),
            "block_id": block["block_id"],
        }
        action |= {key: element[key] for key in ("text", "value", "style", "url") if key in element}
        action |= {"action_ts": f"{time.time():.6f}", **(changes or {})}
        payload = payloads.block_actions(who, action, trigger(self._workspace), **place)
        return await self._interact(payload)

    async def shortcut(self, callback_id: str, channel: str, ts: str, user: str = PERSON) -> bool:
        """Use a message shortcut. Returns whether the app acknowledged."""
        where, who = self._workspace.channel(channel), self._workspace.user(user)
        message = self._workspace.rendered(where, self._message(where, ts))
        url = response_url(self._workspace, where, who.id, ts, message.get("thread_ts"))
        return await self._interact(
            payloads.message_action(who, where, message, callback_id, trigger(self._workspace), url)
        )

    async def command(self, command: str, text: str, channel: str, user: str = PERSON) -> bool:
        """Give a slash command. Returns whether the app acknowledged."""
        where, who = self._workspace.channel(channel), self._workspace.user(user)
        url = response_url(self._workspace, where, who.id, None)
        payload = payloads.slash_command(who, where, command, text, trigger(self._workspace), url)
        return await self._interact(payload, kind="slash_commands")

    async def _interact(self, payload: dict[str, Any], kind: str = "interactive") -> bool:
        before = len(self._socket_mode.deliveries)
        await asyncio.wait([self._socket_mode.send(kind, payload, accepts_response=True)], timeout=10)
        return any(d.acknowledged_at for d in self._socket_mode.deliveries[before:] if d.type == kind)


def _element(
    blocks: list[dict[str, Any]], action_id: str, block_id: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The element with this action id, and its block."""
    for block in blocks:
        if block_id not in (None, block.get("block_id")):
            continue
        for element in [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]:
            if element.get("action_id") == action_id:
                return element, block
    raise BadRequest(f"No element with the action id {action_id!r}.")
