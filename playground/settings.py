"""How the workspace behaves: what the app may do, how events are delivered, what is enforced."""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from playground.errors import BadRequest

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "reactions:read",
    "reactions:write",
    "users:read",
)
EVENTS = (
    "app_home_opened",
    "app_mention",
    "file_shared",
    "member_joined_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
    "reaction_removed",
)
MENTION_FILES = ("with", "without", "no_event")


@dataclass(frozen=True)
class Settings:
    """One value for the whole workspace; `PATCH /control/settings` makes the next one.

    scopes: what the bot token may do; a method that needs another answers `missing_scope`.
    events: what the app subscribed to, as in a manifest's `bot_events`.
    mention_files: an `app_mention` of a message with files comes "with" them, "without" them, or not at all
        ("no_event"); Slack does all three (bolt-python#925).
    acknowledge_within: seconds an envelope waits for its acknowledgement before the delivery counts as failed.
    redeliver_after: seconds before each further delivery; Slack's are at once, one minute, five minutes.
    hold_while_disconnected: events wait for a connection; Slack itself counts each try without one as failed.
    processing_seconds: how long an uploaded file stays without size and thumbnails, as Slack processes it afterwards.
    enforce_rate_limits: calls faster than Slack's published limits get 429.
    rate_limit_scale: multiplies those limits, to test them in less time.
    shortcuts: the app's message shortcuts as (callback_id, name), for the page's message menu.
    token_seconds: how long tokens of installations last, which then come with a refresh token; 0 for ever.
    redirect_url: where Slack leads to once somebody has allowed the app.
    max_upload_bytes: a larger announced length answers `file_upload_size_restricted`.
    """

    scopes: tuple[str, ...] = SCOPES
    events: tuple[str, ...] = EVENTS
    mention_files: str = "with"
    acknowledge_within: float = 3.0
    redeliver_after: tuple[float, ...] = (0.0, 60.0, 300.0)
    hold_while_disconnected: bool = True
    processing_seconds: float = 0.0
    enforce_rate_limits: bool = False
    rate_limit_scale: float = 1.0
    shortcuts: tuple[tuple[str, str], ...] = (("enhance_photos", "Enhance photos"),)
    token_seconds: int = 0
    redirect_url: str = ""
    max_upload_bytes: int = 1_000_000_000

    def __post_init__(self) -> None:
        if self.mention_files not in MENTION_FILES:
            raise BadRequest(f"mention_files must be one of {', '.join(MENTION_FILES)}, not {self.mention_files!r}.")
        if self.rate_limit_scale <= 0:
            raise BadRequest("rate_limit_scale must be above 0.")

    @classmethod
    def from_manifest(cls, path: Path) -> "Settings":
        """The rights, events and shortcuts of an app manifest. Raises BadRequest when the file is none."""
        try:
            manifest = json.loads(path.read_text())
            return cls(
                scopes=tuple(manifest["oauth_config"]["scopes"]["bot"]),
                events=tuple(manifest["settings"]["event_subscriptions"]["bot_events"]),
                shortcuts=tuple(
                    (shortcut["callback_id"], shortcut["name"])
                    for shortcut in manifest.get("features", {}).get("shortcuts", [])
                    if shortcut["type"] == "message"
                ),
            )
        except OSError as reason:
            raise BadRequest(f"Cannot read {path}: {reason.strerror}.") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadRequest(f"{path} is no app manifest with bot scopes and bot events, in JSON.") from None

    def as_agent(self) -> "Settings":
        """The same for an app that is declared an agent: Slack's stop button and suggested prompts."""
        return replace(self, scopes=(*self.scopes, "assistant:write"), events=(*self.events, "agent_session_stopped"))

    def changed(self, changes: dict[str, Any]) -> "Settings":
        """These settings with some replaced; lists become tuples. Raises BadRequest for an unknown name."""
        unknown = set(changes) - {field.name for field in fields(self)}
        if unknown:
            raise BadRequest(f"Unknown setting: {', '.join(sorted(unknown))}.")
        return replace(
            self, **{name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()}
        )
