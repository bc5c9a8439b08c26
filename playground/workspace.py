"""The workspace: people, channels, messages, files, and the record of every change."""

import asyncio
import itertools
import re
import time
from dataclasses import asdict
from typing import Any

from playground import files as file_objects
from playground import seed
from playground.errors import SlackError
from playground.faults import Faults
from playground.files import StoredFile
from playground.seed import (
    APP_ID,
    BOT_ID,
    BOT_NAME,
    BOT_TOKEN,
    BOT_USER,
    HOME,
    PERSON,
    TEAM,
    Channel,
    Grant,
    User,
    new_id,
)
from playground.settings import Settings


class Workspace:
    """All state, and the log of changes that the page and the tests follow."""

    def __init__(self, base_url: str, settings: Settings | None = None) -> None:
        self.base_url = base_url
        self._initial_settings = settings or Settings()
        self.changes: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self._last_ts = 0
        self._numbers = itertools.count(1)
        self._seed()

    def _seed(self) -> None:
        self.settings = self._initial_settings
        self.teams = {HOME.id: HOME}
        self.grants = {BOT_TOKEN: Grant(BOT_TOKEN, BOT_USER, TEAM["id"])}
        self.codes: dict[str, Grant] = {}  # that Slack handed out for an installation
        self.faults = Faults()
        self.users = seed.users()
        self.channels = seed.channels(list(self.users))
        self.files: dict[str, StoredFile] = {}
        self.homes: dict[str, dict[str, Any]] = {}
        self.ephemerals: list[dict[str, Any]] = []
        self.statuses: dict[tuple[str, str], dict[str, Any]] = {}
        self.sessions: dict[tuple[str, str], str] = {}  # of an agent, by channel and thread
        self.prompts: dict[str, list[dict[str, str]]] = {}  # that an agent suggests, by channel
        self.response_urls: dict[str, dict[str, Any]] = {}
        self.calls: list[dict[str, Any]] = []

    def reset(self) -> None:
        """Begin anew: people and channels as at the start, nothing said. The numbering of changes goes on."""
        self._seed()
        self.record("reset")

    # The record

    @property
    def sequence(self) -> int:
        """The number of the latest change."""
        return len(self.changes)

    def record(self, kind: str, **what: Any) -> None:
        """Write a change down and wake everyone who waits for one."""
        self.changes.append({"sequence": self.sequence + 1, "kind": kind, **what})
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_for_change(self, since: int, timeout: float) -> bool:  # noqa: ASYNC109, RUF100 - a long poll's own limit
        """True once there is a change later than number `since`; False after `timeout` seconds without one."""
        deadline = time.monotonic() + timeout
        while self.sequence <= since:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                return False
        return True

    # Names and times

    def next_ts(self) -> str:
        """A time stamp that no message has yet: seconds, a point, microseconds."""
        self._last_ts = max(int(time.time() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def number(self) -> int:
        return next(self._numbers)

    def channel(self, reference: Any) -> Channel:
        """A channel by id, `#name`, name, or a person's id (their direct message). SlackError if there is none."""
        reference = str(reference or "")
        found = self.channels.get(reference)
        if found is None:
            for channel in self.channels.values():
                if channel.kind == "im" and reference in channel.members and reference != BOT_USER:
                    return channel
                if channel.name and reference.removeprefix("#") == channel.name:
                    return channel
            raise SlackError("channel_not_found")
        return found

    def channel_id(self, name: str) -> str | None:
        """The id of the channel of this name."""
        return next((channel.id for channel in self.channels.values() if channel.name == name), None)

    def user(self, reference: str) -> User:
        """A person by id or name. SlackError if there is none."""
        for user in self.users.values():
            if reference.removeprefix("@") in (user.id, user.name):
                return user
        raise SlackError("user_not_found")

    def file(self, file_id: Any) -> StoredFile:
        """A completed file that is still there. SlackError otherwise."""
        file = self.files.get(str(file_id))
        if file is None or not file.completed:
            raise SlackError("file_not_found")
        if file.deleted:
            raise SlackError("file_deleted")
        return file

    def linked_file(self, link: str) -> dict[str, Any] | None:
        """The picture of this workspace that a link leads to, as a file object; None for every other link."""
        found = re.search(r"[/-](F0\w+)/", link) if link.startswith(f"{self.base_url}/files") else None
        file = self.files.get(found[1]) if found else None
        if file is None or file.deleted or not file.completed or not file.size_in_pixels or not file.ready:
            return None
        return self.describe_file(file.id)

    # Messages

    def describe_file(self, file_id: str) -> dict[str, Any]:
        file = self.files[file_id]
        return file_objects.stub(file) or file_objects.describe(file, base_url=self.base_url, team=TEAM["id"])

    def rendered(self, channel: Channel, message: dict[str, Any]) -> dict[str, Any]:
        """The message as Slack's history shows it: files in full, a thread's parent with the counts of its replies."""
        shown = dict(message)
        if "files" in shown:
            shown["files"] = [self.describe_file(file_id) for file_id in shown["files"]]
        if "attachments" in shown:
            shown["attachments"] = [
                {**one, "files": [self.describe_file(file_id) for file_id in one["files"]]} if "files" in one else one
                for one in shown["attachments"]
            ]
        replies = [] if message.get("thread_ts", message["ts"]) != message["ts"] else channel.replies(message["ts"])
        if replies:
            authors = list(dict.fromkeys(reply["user"] for reply in replies))
            shown |= {
                "thread_ts": message["ts"],
                "reply_count": len(replies),
                "reply_users_count": len(authors),
                "latest_reply": replies[-1]["ts"],
                "reply_users": authors,
                "is_locked": False,
                "subscribed": False,
            }
        elif shown.get("thread_ts") == shown["ts"]:
            del shown["thread_ts"]
        return shown

    def add_message(self, channel: Channel, message: dict[str, Any]) -> dict[str, Any]:
        """Put a message into a channel under a new `ts`; its thread's status line ends with the app's reply."""
        message = {"type": "message", **message, "ts": self.next_ts()}
        channel.messages[message["ts"]] = message
        for file_id in message.get("files", []):
            share = {
                "reply_users": [],
                "reply_users_count": 0,
                "reply_count": 0,
                "ts": message["ts"],
                "team_id": channel.team.id,
            }
            if channel.kind != "im":
                share["channel_name"] = channel.name
            if message.get("thread_ts"):
                share["thread_ts"] = message["thread_ts"]
            self.files[file_id].shares.setdefault(channel.sharing, {}).setdefault(channel.id, []).append(share)
        if message.get("bot_id") and message.get("thread_ts"):
            self.set_status(channel, message["thread_ts"], "", [])
        self.touch(channel, message)
        return message

    def touch(self, channel: Channel, message: dict[str, Any]) -> None:
        """Record that a message, and the parent that counts it, look different now."""
        self.record("message", channel=channel.id, message=self.rendered(channel, message))
        parent = channel.messages.get(message.get("thread_ts", ""))
        if parent is not None and parent is not message:
            self.record("message", channel=channel.id, message=self.rendered(channel, parent))

    def remove_message(self, channel: Channel, ts: str) -> dict[str, Any]:
        """Take a message away; a parent with replies stays as a tombstone. Returns what was there."""
        message = channel.messages[ts]
        previous = self.rendered(channel, message)
        if channel.replies(ts):
            tombstone = {
                "type": "message",
                "subtype": "tombstone",
                "user": "USLACKBOT",
                "text": "This message was deleted.",
                "hidden": True,
                "ts": ts,
                "thread_ts": ts,
            }
            channel.messages[ts] = tombstone
            self.touch(channel, tombstone)
            return previous
        del channel.messages[ts]
        self.record("message_deleted", channel=channel.id, ts=ts)
        parent = channel.messages.get(message.get("thread_ts", ""))
        if parent is not None:
            self.touch(channel, parent)
        return previous

    def touch_file(self, file_id: str) -> None:
        """Record every message that shows this file."""
        for channel in self.channels.values():
            for message in channel.messages.values():
                attached = (one.get("files", []) for one in message.get("attachments", []))
                if any(file_id in files for files in (message.get("files", []), *attached)):
                    self.record("message", channel=channel.id, message=self.rendered(channel, message))

    def set_status(self, channel: Channel, thread_ts: str, status: str, loading: list[str]) -> None:
        """Show a status line under a thread, or take it away with ""."""
        key = (channel.id, thread_ts)
        if not status and key not in self.statuses:
            return
        self.statuses[key] = {"status": status, "loading_messages": loading, "set_at": time.time()}
        if not status:
            del self.statuses[key]
        self.record("status", channel=channel.id, thread_ts=thread_ts, status=status, loading_messages=loading)

    def set_session(self, channel: Channel, thread_ts: str, status: str) -> None:
        """An agent says of a thread that it is at work there ("processing"), which shows a stop button, or not."""
        self.sessions[channel.id, thread_ts] = status
        self.record("session", channel=channel.id, thread_ts=thread_ts, status=status)

    def set_prompts(self, channel: Channel, prompts: list[dict[str, str]]) -> None:
        """An agent suggests what to say in a direct message."""
        self.prompts[channel.id] = prompts
        self.record("prompts", channel=channel.id, prompts=prompts)

    def add_file(
        self, name: str, user: str, *, content: bytes | None = None, length: int = 0, **more: Any
    ) -> StoredFile:
        file = StoredFile(new_id("F"), name, user, length, **more)
        if content is not None:
            file.fill(content)
        self.files[file.id] = file
        return file

    def state(self) -> dict[str, Any]:
        """Everything that can be seen, as JSON."""
        return {
            "sequence": self.sequence,
            "team": TEAM,
            "app": {"id": APP_ID, "bot_user": BOT_USER, "bot_id": BOT_ID, "name": BOT_NAME},
            "person": PERSON,
            "settings": asdict(self.settings),
            "users": [user.described() for user in self.users.values()],
            "channels": [
                {
                    **channel.described(),
                    "kind": channel.kind,
                    "members": channel.members,
                    "messages": [self.rendered(channel, m) for m in channel.messages.values()],
                }
                for channel in self.channels.values()
            ],
            "files": [
                {
                    **file_objects.describe(file, base_url=self.base_url, team=TEAM["id"]),
                    "deleted": file.deleted,
                    "completed": file.completed,
                }
                for file in self.files.values()
            ],
            "homes": self.homes,
            "ephemerals": self.ephemerals,
            "statuses": [{"channel": c, "thread_ts": ts, **status} for (c, ts), status in self.statuses.items()],
            "sessions": [
                {"channel": c, "thread_ts": ts, "status": status} for (c, ts), status in self.sessions.items()
            ],
            "prompts": self.prompts,
            "faults": self.faults.described(),
        }
