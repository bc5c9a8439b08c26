"""One call of a Web API method: its arguments, its rights, and the table of all methods."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playground.errors import SlackError
from playground.event_delivery import EventDelivery
from playground.seed import Channel, Grant
from playground.socket_mode import SocketMode
from playground.workspace import Workspace

HISTORY_SCOPES = {"channel": "channels:history", "group": "groups:history", "im": "im:history"}
_TS = re.compile(r"\d{1,10}\.\d{6}")


@dataclass
class Call:
    """What a method works with. `args` are strings where the call came as a form, JSON values where it came as JSON."""

    workspace: Workspace
    delivery: EventDelivery
    socket_mode: SocketMode
    args: dict[str, Any]
    grant: Grant

    @property
    def bot_user(self) -> str:
        """Whom the token is of."""
        return self.grant.bot_user

    def need(self, *scopes: str) -> None:
        """Raise `missing_scope` unless the token has one of these."""
        had = self.workspace.settings.scopes
        if scopes and not set(scopes) & set(had):
            raise SlackError("missing_scope", needed=",".join(scopes), provided=",".join(had))

    def text(self, name: str, default: str | None = None) -> str:
        """A required string, or an optional one with a default."""
        value = self.args.get(name)
        if value is None or value == "":
            if default is None:
                raise SlackError("invalid_arguments", f"missing required field: {name}")
            return default
        return value if isinstance(value, str) else str(value)

    def number(self, name: str, default: int, *, least: int = 1, most: int = 1000) -> int:
        try:
            value = int(self.args.get(name, default))
        except (TypeError, ValueError):
            raise SlackError("invalid_arguments", f"must be an integer [json-pointer:/{name}]") from None
        return max(least, min(most, value))

    def flag(self, name: str) -> bool:
        return str(self.args.get(name, "")).lower() in ("1", "true")

    def structure(self, name: str, error: str = "invalid_arguments") -> Any:
        """A JSON value, which a form carries as a string; None when it is absent."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise SlackError(error, f"must be valid JSON [json-pointer:/{name}]") from None

    def timestamp(self, name: str, error: str) -> str:
        value = self.text(name)
        if not _TS.fullmatch(value):
            raise SlackError(error, f"{value} is not a valid {name}")
        return value

    def channel(self, name: str = "channel", *, by_name: bool = False, member: bool = True) -> Channel:
        """The channel an argument means; by id alone, as most methods take it."""
        reference = self.text(name)
        if not by_name and reference not in self.workspace.channels:
            raise SlackError("channel_not_found")
        channel = self.workspace.channel(reference)
        if not self.grant.covers(channel.team):
            raise SlackError("channel_not_found")
        if self.bot_user not in channel.members and (member or channel.kind != "channel"):
            raise SlackError("not_in_channel" if channel.kind == "channel" else "channel_not_found")
        return channel

    def message(self, channel: Channel, name: str = "ts", error: str = "message_not_found") -> dict[str, Any]:
        """A message that is there and not deleted."""
        message = channel.messages.get(self.text(name))
        if message is None or message.get("subtype") == "tombstone":
            raise SlackError(error)
        return message

    def thread(self, channel: Channel) -> str | None:
        """The `thread_ts` argument, checked; None when it is absent."""
        if not self.args.get("thread_ts"):
            return None
        thread_ts = self.timestamp("thread_ts", "invalid_thread_ts")
        if thread_ts not in channel.messages:
            raise SlackError("thread_not_found")
        return thread_ts


Answer = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """A method: what it does, which scope it needs (any of them), its rate tier, and whose token it takes."""

    run: Callable[[Call], Answer]
    scopes: tuple[str, ...]
    tier: int
    token: str = "bot"  # noqa: S105 - a kind, no secret


METHODS: dict[str, Method] = {}


def method(
    name: str,
    *scopes: str,
    tier: int = 3,
    token: str = "bot",  # noqa: S107 - a kind, no secret
) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
    """Register a function as a Web API method."""

    def register(run: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        METHODS[name] = Method(run, scopes, tier, token)
        return run

    return register
