"""What the app hears of what happens: the events that its subscriptions and memberships entitle it to."""

import time
from typing import Any

from playground import payloads
from playground.rights import as_event
from playground.seed import HOME, Channel, new_id
from playground.socket_mode import SocketMode
from playground.workspace import Workspace


class EventDelivery:
    """Turns changes of the workspace into event deliveries."""

    def __init__(self, workspace: Workspace, socket_mode: SocketMode) -> None:
        self._workspace = workspace
        self._socket_mode = socket_mode
        self.sent: dict[str, dict[str, Any]] = {}

    def _tell(self, subscription: str, event: dict[str, Any], channel: Channel | None = None) -> None:
        """Deliver an event if the app subscribed to it and sits in the channel."""
        if subscription not in self._workspace.settings.events:
            return
        if channel is not None and channel.team.bot_user not in channel.members:
            return
        self.deliver(as_event(self._workspace, event, channel.team if channel else HOME))

    def deliver(self, callback: dict[str, Any]) -> None:
        """Send an outer event, new or known."""
        self.sent[callback["event_id"]] = callback
        self._socket_mode.send("events_api", callback)

    def posted(self, channel: Channel, message: dict[str, Any]) -> None:
        """A message came: `message`, perhaps `app_mention`, and `file_shared` for each file."""
        shown = self._workspace.rendered(channel, message)
        for file_id in message.get("files", []):
            self._tell("file_shared", payloads.file_shared(channel, file_id, message["user"], message["ts"]), channel)
        self._tell(payloads.SUBSCRIPTIONS[channel.kind], payloads.message_posted(channel, shown), channel)
        self.mentioned(channel, message)

    def mentioned(self, channel: Channel, message: dict[str, Any]) -> None:
        """A person's message came or was edited: `app_mention` where it names the app."""
        shown = self._workspace.rendered(channel, message)
        files_in_mention = self._workspace.settings.mention_files
        bot_user = channel.team.bot_user
        mentioned = f"<@{bot_user}>" in message.get("text", "") and message["user"] != bot_user
        if channel.kind != "im" and mentioned and not (shown.get("files") and files_in_mention == "no_event"):
            self._tell(
                "app_mention", payloads.app_mentioned(channel, shown, with_files=files_in_mention == "with"), channel
            )

    def changed(self, channel: Channel, previous: dict[str, Any], message: dict[str, Any]) -> None:
        event = payloads.message_changed(
            channel, previous, self._workspace.rendered(channel, message), self._workspace.next_ts()
        )
        self._tell(payloads.SUBSCRIPTIONS[channel.kind], event, channel)

    def removed(self, channel: Channel, previous: dict[str, Any]) -> None:
        """A message went: `message_deleted`, or `message_changed` to a tombstone where replies stay."""
        if previous["ts"] in channel.messages:
            self.changed(channel, previous, channel.messages[previous["ts"]])
            return
        event = payloads.message_deleted(channel, previous, self._workspace.next_ts())
        self._tell(payloads.SUBSCRIPTIONS[channel.kind], event, channel)

    def reacted(self, kind: str, channel: Channel, message: dict[str, Any], name: str, user: str) -> None:
        self._tell(kind, payloads.reaction(kind, channel, message, name, user, self._workspace.next_ts()), channel)

    def opened_home(self, user: str, tab: str) -> None:
        direct = self._workspace.channel(user)
        view = self._workspace.homes.get(user) if tab == "home" else None
        self._tell("app_home_opened", payloads.home_opened(user, direct.id, view, self._workspace.next_ts(), tab))

    def stopped_session(self, channel: Channel, thread_ts: str, user: str) -> None:
        event = payloads.session_stopped(channel, thread_ts, user, self._workspace.next_ts())
        self._tell("agent_session_stopped", event, channel)

    def joined(self, user: str, channel: Channel) -> None:
        self._tell("member_joined_channel", payloads.member_joined(user, channel, self._workspace.next_ts()), channel)


def trigger(workspace: Workspace) -> str:
    """A `trigger_id`, as every interaction has one; nothing here opens a modal by it."""
    return f"{workspace.number()}.{new_id('T')}.{new_id('x').lower()}"


def response_url(
    workspace: Workspace, channel: Channel, user: str, message_ts: str | None, thread_ts: str | None = None
) -> str:
    """A `response_url`: five posts within thirty minutes."""
    key = new_id("R").lower()
    workspace.response_urls[key] = {
        "channel": channel.id,
        "user": user,
        "message_ts": message_ts,
        "thread_ts": thread_ts,
        "uses_left": 5,
        "expires": time.time() + 1800,
    }
    return f"{workspace.base_url}/actions/{key}"
