"""The bot's settings, read once from the environment and checked at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from slackbot.errors import SettingsError
from slackbot.inference.endpoint import Endpoint, endpoint_from
from slackbot.jobs.database import database_file
from slackbot.slack.allow_list import AllowList

SLACK_API_URL = "https://slack.com/api/"
DATABASE_URL = "sqlite:///slackbot.sqlite"
HEALTH_HOST, HEALTH_PORT = "127.0.0.1", 9100
EVENTS_HOST, EVENTS_PORT = "127.0.0.1", 3000
_SECRET_LENGTH = 32  # characters of each of Slack's signing secrets


@dataclass(frozen=True)
class Settings:
    """Where Slack, the model server and the job database are. Tokens never show in `repr`.

    With an `app_token` events come over Socket Mode, else over HTTP, signed with the `signing_secret`.
    """

    bot_token: str = field(repr=False)
    app_token: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    events_host: str = EVENTS_HOST
    events_port: int = EVENTS_PORT
    api_url: str = SLACK_API_URL
    triton: Endpoint = field(default_factory=Endpoint)
    database_url: str = field(default=DATABASE_URL, repr=False)  # may carry a password
    health_host: str = HEALTH_HOST
    health_port: int = HEALTH_PORT
    allow_list: AllowList = field(default_factory=AllowList)
    debug: bool = False

    def __post_init__(self) -> None:
        _require(
            self.bot_token.startswith("xoxb-"),
            "SLACK_BOT_TOKEN is missing or not a bot token: it begins with xoxb- and stands on the app's "
            "page under OAuth & Permissions.",
        )
        _require(
            self.app_token.startswith("xapp-") or (not self.app_token and bool(self.signing_secret)),
            "SLACK_APP_TOKEN is missing or not an app-level token: it begins with xapp- and stands on the app's "
            "page under Basic Information. (To do without Socket Mode, set SLACK_SIGNING_SECRET in its place.)",
        )
        _require(
            not self.signing_secret or len(self.signing_secret) >= _SECRET_LENGTH,
            f"SLACK_SIGNING_SECRET is too short: it has {_SECRET_LENGTH} characters and stands on the app's page under "
            "Basic Information.",
        )
        api = urlsplit(self.api_url)
        _require(
            api.scheme in ("http", "https") and bool(api.hostname) and api.path.endswith("/"),
            "SLACK_API_URL must be a web address ending in a slash, such as https://slack.com/api/.",
        )
        try:
            make_url(self.database_url)
        except ArgumentError:
            raise SettingsError(
                "DATABASE_URL must look like sqlite:///bot.sqlite or postgresql://user@host/name."
            ) from None

    @property
    def database_file(self) -> Path | None:
        """The SQLite file, or None for another database."""
        return database_file(self.database_url)

    @property
    def work_folder(self) -> Path:
        """Where photos lie between the steps of a job: beside the SQLite file."""
        beside = self.database_file or Path("slackbot.sqlite")
        return beside.with_name(beside.name + "-photos")


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read the settings; raises SettingsError with a sentence that names the variable."""

    def read(name: str, default: str = "") -> str:
        return environment.get(name, "").strip() or default

    return Settings(
        bot_token=read("SLACK_BOT_TOKEN"),
        app_token=read("SLACK_APP_TOKEN"),
        signing_secret=read("SLACK_SIGNING_SECRET"),
        events_host=read("EVENTS_HOST", EVENTS_HOST),
        events_port=_port("EVENTS_PORT", read("EVENTS_PORT", str(EVENTS_PORT))),
        api_url=read("SLACK_API_URL", SLACK_API_URL),
        triton=endpoint_from(environment),
        database_url=read("DATABASE_URL", DATABASE_URL),
        health_host=read("HEALTH_HOST", HEALTH_HOST),
        health_port=_port("HEALTH_PORT", read("HEALTH_PORT", str(HEALTH_PORT))),
        allow_list=AllowList(
            teams=_ids("ALLOWED_TEAMS", read("ALLOWED_TEAMS")),
            channels=_ids("ALLOWED_CHANNELS", read("ALLOWED_CHANNELS")),
            people=_ids("ALLOWED_PEOPLE", read("ALLOWED_PEOPLE")),
        ),
        debug=read("DEBUG").lower() in ("1", "true", "yes", "on"),
    )


def _port(name: str, text: str) -> int:
    _require(text.isdecimal() and int(text) < 65536, f"{name} must be a port: 0 (any free one) to 65535.")
    return int(text)


def _ids(name: str, text: str) -> frozenset[str]:
    ids = frozenset(text.replace(",", " ").split())
    _require(
        all(one.isascii() and one.isalnum() and one.isupper() for one in ids),
        f"{name} must be a list of Slack's ids with commas between them, such as C0123ABCD,C0456EFGH.",
    )
    return ids


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise SettingsError(sentence)
