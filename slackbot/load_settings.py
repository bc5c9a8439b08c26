"""Read the settings and limits of the bot and of `enhance`: from the environment, else from the file `.env`.

All mistakes are told at once, each in one sentence, and without the values: those may be secrets.
"""

import dataclasses
import difflib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from slackbot.errors import SettingsError
from slackbot.inference.endpoint import Endpoint
from slackbot.limits import Limits
from slackbot.settings import (
    OF_COMPOSE,
    PARTS,
    LimitSettings,
    MemorySettings,
    ServerSettings,
    Settings,
    variable,
    variables,
)

ENV_FILE = Path(".env")
# How like a setting's name another has to be, of 1, to be taken for a misspelling of it. The environment holds names of
# other programs, such as DATABASE_USER (0.88).
_ALIKE_IN_FILE, _ALIKE_IN_ENVIRONMENT = 0.85, 0.9
_OF_OTHERS = ("LOGLEVEL", "SLACK_API_TOKEN")  # that are nearer than that
Model = TypeVar("Model", bound=BaseSettings)


@dataclasses.dataclass(frozen=True)
class Configuration:
    """All that a process is told from outside."""

    settings: Settings
    endpoint: Endpoint
    limits: Limits


def load(env_file: Path = ENV_FILE) -> Configuration:
    """The bot's configuration. Raises SettingsError, with one line for each mistake."""
    mistakes = _misspelt(env_file)
    settings = _read(Settings, env_file, mistakes)
    server = _read(ServerSettings, env_file, mistakes)
    limits = _read(LimitSettings, env_file, mistakes)
    if mistakes or not (settings and server and limits):
        raise SettingsError("\n".join(mistakes))
    return Configuration(settings, server.endpoint, _limits(limits))


def is_open_to_others(env_file: Path) -> bool:
    """Whether other users of this machine may read the file, and the tokens in it."""
    try:
        mode = env_file.stat().st_mode
        named = dotenv_values(env_file, interpolate=False)
    except (OSError, UnicodeDecodeError):
        return False
    secrets = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_CLIENT_SECRET", "TOKEN_KEY")
    return stat.S_ISREG(mode) and bool(mode & 0o044) and any(named.get(name) for name in secrets)


def telemetry(env_file: Path) -> dict[str, str]:
    """OpenTelemetry's own variables in the file that the environment lacks: it reads the environment alone."""
    named = dotenv_values(env_file, interpolate=False) if env_file.exists() else {}
    return {
        name: value for name, value in named.items() if name.startswith("OTEL_") and value and name not in os.environ
    }


def load_for_files(env_file: Path = ENV_FILE, triton: str = "") -> tuple[Endpoint, Limits, int | None]:
    """What `enhance` needs, MEMORY_LIMIT_MB last; `triton` goes before TRITON_URL.

    Raises SettingsError, with one line for each mistake.
    """
    mistakes = _misspelt(env_file)
    server = _read(ServerSettings, env_file, mistakes, **({"triton_url": triton} if triton else {}))
    limits = _read(LimitSettings, env_file, mistakes)
    memory = _read(MemorySettings, env_file, mistakes)
    if mistakes or not (server and limits and memory):
        raise SettingsError("\n".join(mistakes))
    return server.endpoint, _limits(limits), memory.memory_limit_mb


def _read(kind: Callable[..., Model], env_file: Path, mistakes: list[str], **given: Any) -> Model | None:
    try:
        return kind(_env_file=env_file, **given)
    except ValidationError as error:
        mistakes += [_sentence(one, error.title) for one in error.errors(include_url=False)]
    except SettingsError as error:
        mistakes.append(str(error))
    return None


def _sentence(error: Any, model: str) -> str:
    """What pydantic found wrong with a variable, without its value."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    name = variable(str(error["loc"][0]), "LIMIT_" if model == "LimitSettings" else "")
    field = variables()[name]
    bounds = {key: getattr(rule, key) for rule in field.metadata for key in ("ge", "le") if hasattr(rule, key)}
    if name.endswith("_PORT"):
        return f"{name} must be a port: 0 (any free one) to 65535."
    if field.annotation is bool:
        return f"{name} must be 1 or 0."
    number = "a whole number" if field.annotation in (int, int | None) else "a number"
    most = f" and at most {bounds['le']:g}" if bounds.get("le") is not None else ""
    return f"{name} must be {number} of at least {bounds.get('ge', 0):g}{most}."


def _misspelt(env_file: Path) -> list[str]:
    """Names that are nearly a setting's: better no bot than one that obeys half of an allow-list."""
    try:
        named = dotenv_values(env_file, interpolate=False)
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{env_file} cannot be read.") from None
    own = list(variables())
    in_file = [*own, *OF_COMPOSE]
    places = {name: (str(env_file), _meant(name, in_file, _ALIKE_IN_FILE)) for name in named}
    given = {name.upper() for name, value in (*named.items(), *os.environ.items()) if value}
    for name, value in os.environ.items():
        meant = _meant(name, own, _ALIKE_IN_ENVIRONMENT)
        if name not in places and value and meant not in given and not _is_of_others(name, value):
            places[name] = ("the environment", meant)
    return [
        f"{name} in {place} is no setting. Do you mean {meant}?" for name, (place, meant) in places.items() if meant
    ]


def _meant(name: str, known: list[str], alike: float) -> str:
    """The setting of which a name is a misspelling; "" where it is one itself, or like none."""
    near = [] if name.upper() in known else difflib.get_close_matches(name.upper(), known, 1, alike)
    return near[0] if near else ""


def _is_of_others(name: str, value: str) -> bool:
    """Whether other programs read it, or Kubernetes or Docker set it for a service: `EVENT_PORT=tcp://10.0.0.1:80`."""
    return name in _OF_OTHERS or (name.endswith("_PORT") and "://" in value)


def _limits(settings: BaseSettings) -> Limits:
    values = settings.model_dump()
    return Limits(
        **{
            name: part(**{one.name: values[one.name] for one in dataclasses.fields(part)})
            for name, part in PARTS.items()
        }
    )
