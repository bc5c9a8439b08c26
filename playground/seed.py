"""Who and what is in the workspace: the team, the app with its tokens, people, channels."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

TEAM = {"id": "T0PLAYGRND", "name": "Playground", "domain": "playground"}
APP_ID = "A0ENHANCER"
BOT_ID = "B0ENHANCER"
BOT_USER = "U0ENHANCER"
BOT_NAME = "enhancer"
BOT_TOKEN = "xoxb-playground"  # noqa: S105 - the playground's well-known token
APP_TOKEN = "xapp-playground"  # noqa: S105
PERSON = "U0ADA00001"
CLIENT_ID, CLIENT_SECRET = "1.playground", "playground-client-secret"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def new_id(prefix: str) -> str:
    """An id as Slack makes them: a letter for the kind, then ten capitals and digits."""
    return prefix + "0" + "".join(secrets.choice(_ALPHABET) for _ in range(9))


@dataclass(frozen=True)
class Team:
    """A workspace: the app's bot there, and the organisation that it belongs to, if any."""

    id: str
    name: str
    bot_user: str
    enterprise: str = ""


HOME = Team(TEAM["id"], TEAM["name"], BOT_USER)


@dataclass(frozen=True)
class Grant:
    """What a bot token is good for: one workspace, or an organisation with all of its own."""

    token: str
    bot_user: str
    team: str = ""
    enterprise: str = ""
    refresh_token: str = ""
    without: frozenset[str] = frozenset()  # workspaces that an organisation took it from

    @property
    def org_wide(self) -> bool:
        return not self.team

    def covers(self, team: Team) -> bool:
        if self.org_wide:
            return team.enterprise == self.enterprise and team.id not in self.without
        return team.id == self.team


@dataclass(frozen=True)
class User:
    id: str
    name: str
    real_name: str
    is_bot: bool = False
    team: str = ""  # of a guest, whose own workspace is another one than a channel's

    def described(self) -> dict[str, Any]:
        """The user object of `users.info`."""
        more = {"bot_id": BOT_ID, "api_app_id": APP_ID} if self.is_bot else {}
        return {
            "id": self.id,
            "team_id": self.team or TEAM["id"],
            "name": self.name,
            "deleted": False,
            "real_name": self.real_name,
            "tz": "Etc/UTC",
            "tz_label": "Coordinated Universal Time",
            "tz_offset": 0,
            "profile": {
                "real_name": self.real_name,
                "display_name": self.name,
                "real_name_normalized": self.real_name,
                "display_name_normalized": self.name,
                "team": TEAM["id"],
                **more,
            },
            "is_admin": False,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": 0,
        }


@dataclass
class Channel:
    """A conversation. `messages` are in Slack's shape, oldest first, with file ids under `files`."""

    id: str
    name: str
    kind: str  # "channel", "group" or "im"
    members: list[str]
    team: Team = HOME
    created: int = field(default_factory=lambda: int(time.time()))
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def sharing(self) -> str:
        """The key of this channel in a file's `shares`."""
        return {"channel": "public", "group": "private", "im": "im"}[self.kind]

    def replies(self, ts: str) -> list[dict[str, Any]]:
        return [m for m in self.messages.values() if m.get("thread_ts") == ts and m["ts"] != ts]

    def described(self) -> dict[str, Any]:
        """The conversation object of `conversations.info`."""
        base = {
            "id": self.id,
            "created": self.created,
            "is_archived": False,
            "is_org_shared": False,
            "updated": self.created * 1000,
        }
        if self.kind == "im":
            return {
                **base,
                "is_im": True,
                "user": next(m for m in self.members if m != self.team.bot_user),
                "is_user_deleted": False,
                "priority": 0,
            }
        return {
            **base,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "group",
            "is_im": False,
            "is_mpim": False,
            "is_private": self.kind == "group",
            "is_general": self.name == "general",
            "is_shared": False,
            "is_ext_shared": False,
            "is_member": self.team.bot_user in self.members,
            "creator": PERSON,
            "context_team_id": self.team.id,
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "num_members": len(self.members),
        }


def users() -> dict[str, User]:
    """The people at the start, by id."""
    users = (
        User(PERSON, "ada", "Ada"),
        User("U0GRACE001", "grace", "Grace"),
        User("U0ALAN0001", "alan", "Alan"),
        User(BOT_USER, BOT_NAME, "Enhancer", is_bot=True),
    )
    return {user.id: user for user in users}


def channels(everyone: list[str]) -> dict[str, Channel]:
    """The channels at the start, by id: two for all, and each person's direct messages with the app."""
    return {
        channel.id: channel
        for channel in (
            Channel("C0PHOTOS01", "photos", "channel", everyone.copy()),
            Channel("C0GENERAL1", "general", "channel", everyone.copy()),
            Channel("D0ADA00001", "", "im", [PERSON, BOT_USER]),
            Channel("D0GRACE001", "", "im", ["U0GRACE001", BOT_USER]),
            Channel("D0ALAN0001", "", "im", ["U0ALAN0001", BOT_USER]),
        )
    }
