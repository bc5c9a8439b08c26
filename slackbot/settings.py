"""Every setting and limit as a variable: its name, type, default and meaning, and what makes it wrong."""

import dataclasses
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationInfo, create_model, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from slackbot.inference.endpoint import TRITON_URL, Endpoint
from slackbot.jobs.database import database_file, short_name
from slackbot.limits import JobLimits, PhotoLimits, ServerLimits, SlackLimits
from slackbot.slack.allow_list import AllowList

OF_COMPOSE = ("COMPOSE_PROFILES", "TRITON_ADMIN_KEY", "INFERENCE")  # in the same file, and not the bot's
_SECRET_LENGTH = 32  # characters of each of Slack's signing secrets
_NOT_WITH_CLIENT = "and SLACK_CLIENT_ID exclude each other: there many workspaces install the app, over HTTP."
_MAKE_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
_PLACEHOLDER = re.compile(r"[.x*_<>…-]*|.*(your|token|placeholder|example).*", re.IGNORECASE)

Ids = Annotated[frozenset[str], NoDecode]
Port = Annotated[int, Field(ge=0, le=65_535)]
Megabytes = Annotated[
    int | None,
    Field(
        ge=64,
        description="megabytes that the bot, or `enhance`, may hold in all, photos included; the limit of its "
        "container (cgroup) counts where that is lower. Where there is neither: half of the machine's memory",
    ),
]
Secret = SecretStr("")


class _FromEnvironment(BaseSettings):
    """Each field is the variable of its name in capitals. An empty variable is one that is not set."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True, str_strip_whitespace=True
    )


class ServerSettings(_FromEnvironment):
    """Where the model server is, and how each side proves who it is."""

    triton_url: str = Field(
        TRITON_URL,
        description="Triton's gRPC port: HOST:PORT, or grpcs://HOST:PORT where it speaks TLS. Several servers take "
        "turns: a HOST with several addresses, or IP:PORT,IP:PORT",
    )
    triton_tls_ca: Path | None = Field(None, description="PEM file: who signed the server's certificate")
    triton_tls_cert: Path | None = Field(None, description="PEM file: the bot's own certificate")
    triton_tls_key: Path | None = Field(None, description="PEM file: the key of the bot's certificate, no password")
    triton_tls_name: str = Field("", description="what the server's certificate names, where that is not HOST")

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _ = self.endpoint
        return self

    @property
    def endpoint(self) -> Endpoint:
        """Raises SettingsError."""
        return Endpoint(
            self.triton_url, self.triton_tls_ca, self.triton_tls_cert, self.triton_tls_key, self.triton_tls_name
        )


class MemorySettings(_FromEnvironment):
    """What `enhance` needs of those of the bot."""

    memory_limit_mb: Megabytes = None


class Settings(_FromEnvironment):
    """Where Slack and the job database are, and who is served.

    With an app token events come over Socket Mode, else over HTTP, signed with the signing secret. With a client id
    many workspaces have the app, each with a token of its own.
    """

    slack_client_id: str = Field(
        "",
        description="the app's client id, instead of a bot token: any number of workspaces install the app themselves",
    )
    slack_client_secret: SecretStr = Field(Secret, validate_default=True, description="the app's client secret")
    token_key: SecretStr = Field(
        Secret,
        validate_default=True,
        description="encrypts those workspaces' tokens in the database. Several with commas between them: the first "
        "encrypts, all decrypt",
    )
    slack_bot_token: SecretStr = Field(Secret, validate_default=True, description="the bot user's token, xoxb-…")
    slack_signing_secret: SecretStr = Field(
        Secret, validate_default=True, description="the app's signing secret, instead of an app token"
    )
    slack_app_token: SecretStr = Field(Secret, validate_default=True, description="the app-level token, xapp-…")
    events_host: str = Field("127.0.0.1", description="where the bot waits for Slack's HTTP requests")
    events_port: Port = Field(3000, description="and at which port; 0 takes any free one")
    slack_api_url: str = Field("https://slack.com/api/", description="Slack's Web API, or a stand-in's")
    database_url: SecretStr = Field(SecretStr("sqlite:///slackbot.sqlite"), description="where jobs are written down")
    work_folder: Path | None = Field(
        None,
        description="where the bot makes a folder of its own for the photos of running jobs, safe to lose; by default "
        "that stands beside the SQLite file, its name with -photos",
    )
    memory_limit_mb: Megabytes = None
    health_host: str = Field("127.0.0.1", description="where /livez, /healthz, /readyz and /metrics answer")
    health_port: Port = Field(9100, description="and at which port; 0 takes any free one")
    allowed_teams: Ids = Field(
        frozenset(),
        description="workspaces that are served beside the bot's own; with SLACK_CLIENT_ID: workspaces and "
        "organisations that may install the app, empty: all",
    )
    denied_teams: Ids = Field(frozenset(), description="workspaces and organisations that are not served")
    allowed_channels: Ids = Field(frozenset(), description="channels that are served; empty: all")
    allowed_people: Ids = Field(frozenset(), description="people who are served; empty: all")
    admins: Ids = Field(
        frozenset(),
        description="people who see in the App Home what others said of results, each model version by itself",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="which log lines there are: `debug` has most; `info` has one for each job, `warning` none"
    )
    log_format: Literal["text", "json"] = Field("text", description="one JSON object a line, or text")

    @field_validator("slack_bot_token")
    @classmethod
    def _is_bot_token(cls, token: SecretStr, info: ValidationInfo) -> SecretStr:
        if info.data.get("slack_client_id"):
            _require(not token.get_secret_value(), f"SLACK_BOT_TOKEN {_NOT_WITH_CLIENT}")
            return token
        _check_token("SLACK_BOT_TOKEN", token, "xoxb-", "a bot token", "OAuth & Permissions")
        return token

    @field_validator("slack_app_token")
    @classmethod
    def _is_app_token(cls, token: SecretStr, info: ValidationInfo) -> SecretStr:
        if info.data.get("slack_client_id"):
            _require(not token.get_secret_value(), f"SLACK_APP_TOKEN {_NOT_WITH_CLIENT}")
            return token
        secret = info.data.get("slack_signing_secret")
        if token.get_secret_value() or not (secret is None or secret.get_secret_value()):
            instead = " (To do without Socket Mode, leave it empty and set SLACK_SIGNING_SECRET.)"
            _check_token("SLACK_APP_TOKEN", token, "xapp-", "an app-level token", "Basic Information", instead)
        return token

    @field_validator("slack_signing_secret")
    @classmethod
    def _is_signing_secret(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        _needs_with_client("SLACK_SIGNING_SECRET", secret, info)
        _require(
            not secret.get_secret_value() or len(secret.get_secret_value()) >= _SECRET_LENGTH,
            f"SLACK_SIGNING_SECRET is too short: it has {_SECRET_LENGTH} characters and stands on the app's page under "
            "Basic Information.",
        )
        return secret

    @field_validator("slack_client_secret")
    @classmethod
    def _is_client_secret(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        _needs_with_client("SLACK_CLIENT_SECRET", secret, info)
        return secret

    @field_validator("token_key")
    @classmethod
    def _are_keys(cls, keys: SecretStr, info: ValidationInfo) -> SecretStr:
        _needs_with_client("TOKEN_KEY", keys, info)
        try:
            for key in split_keys(keys):
                Fernet(key)
        except ValueError:
            raise ValueError(f"TOKEN_KEY must be a key as `{_MAKE_KEY}` prints one.") from None
        return keys

    @field_validator("slack_api_url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        _require(
            bool(re.fullmatch(r"https?://[^/\s@]+/(\S*/)?", url)),
            "SLACK_API_URL must be a web address ending in a slash, such as https://slack.com/api/.",
        )
        return url

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, url: SecretStr) -> SecretStr:
        try:
            drivername = make_url(url.get_secret_value()).drivername
        except ArgumentError:
            drivername = ""
        _require(
            drivername.startswith(("sqlite", "postgresql")),
            "DATABASE_URL must look like sqlite:///bot.sqlite or postgresql://user@host/name.",
        )
        return url

    @field_validator("allowed_teams", "denied_teams", "allowed_channels", "allowed_people", "admins", mode="before")
    @classmethod
    def _are_ids(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str):
            return value
        ids = value.replace(",", " ").split()
        _require(
            all(re.fullmatch(r"[A-Z0-9]+", one) for one in ids),
            f"{variable(info.field_name)} must be a list of Slack's ids with commas between them, such as "
            "C0123ABCD,C0456EFGH.",
        )
        return frozenset(ids)

    @property
    def allow_list(self) -> AllowList:
        """Who is served."""
        return AllowList(self.allowed_teams, self.allowed_channels, self.allowed_people, self.denied_teams)

    @property
    def photos_folder(self) -> Path:
        """Where photos lie between the steps of a job, and nothing else: each database has its own."""
        url = self.database_url.get_secret_value()
        file = database_file(url)
        if file and not self.work_folder:
            return file.with_name(file.name + "-photos")
        return (self.work_folder or Path()) / f"enhancer-{short_name(url)}-photos"


PARTS = {"photo": PhotoLimits, "slack": SlackLimits, "server": ServerLimits, "jobs": JobLimits}


class _LimitSettings(_FromEnvironment):
    """Each limit of `slackbot.limits` is the variable LIMIT_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="LIMIT_")

    @field_validator("overlap", check_fields=False)
    @classmethod
    def _fits_into_a_tile(cls, overlap: int, info: ValidationInfo) -> int:
        _require(overlap < info.data.get("tile", overlap + 1), "LIMIT_OVERLAP must be less than LIMIT_TILE.")
        return overlap


def _limit_fields() -> dict[str, Any]:
    def field(one: dataclasses.Field[Any]) -> Any:
        return Field(
            one.default, ge=one.metadata["least"], le=one.metadata["most"], description=one.metadata["meaning"],
            allow_inf_nan=False if one.type is float else None,
        )  # fmt: skip

    return {one.name: (one.type, field(one)) for part in PARTS.values() for one in dataclasses.fields(part)}


LimitSettings = create_model("LimitSettings", __base__=_LimitSettings, **_limit_fields())


def variables() -> dict[str, Any]:
    """Every variable's name, and its pydantic field."""
    models = (Settings, ServerSettings, LimitSettings)
    return {
        variable(name, str(model.model_config.get("env_prefix") or "")): field
        for model in models
        for name, field in model.model_fields.items()
    }


def variable(field: str | None, prefix: str = "") -> str:
    """The variable of a field."""
    return f"{prefix}{field}".upper()


def _check_token(name: str, token: SecretStr, prefix: str, kind: str, page: str, more: str = "") -> None:
    text = token.get_secret_value().strip()
    where = f"it begins with {prefix} and stands on the app's page under {page}.{more}"
    _require(text.startswith(prefix), f"{name} is missing or not {kind}: {where}")
    rest = text.removeprefix(prefix)
    _require(
        not _PLACEHOLDER.fullmatch(rest),
        f"{name} is a placeholder and not {kind} yet: paste the real one from the app's page, under {page}.{more}",
    )


def split_keys(keys: SecretStr) -> list[str]:
    """TOKEN_KEY's."""
    return keys.get_secret_value().replace(",", " ").split()


def _needs_with_client(name: str, value: SecretStr, info: ValidationInfo) -> None:
    _require(
        bool(value.get_secret_value() or not info.data.get("slack_client_id")),
        f"{name} is missing: SLACK_CLIENT_ID needs it beside itself.",
    )


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise ValueError(sentence)
