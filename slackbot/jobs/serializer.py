"""What the job database holds: JSON, in which only the classes listed here can be named.

DBOS would pickle by itself, and whoever can write into the database could then run code in the bot. A class that is
listed may gain fields that have defaults; to rename or drop one takes a new `queues.APPLICATION_VERSION`.
"""

import dataclasses
import json
from typing import Any, Never

from dbos import Serializer
from dbos import _serialization as dbos_serialization
from dbos import error as dbos_error

from slackbot.errors import BotError, CommandError, DatabaseDown, JobCancelled, NotReady, SettingsError
from slackbot.imaging.errors import (
    DamagedPhoto,
    EmptyFile,
    GivenUp,
    NotAPhoto,
    PhotoError,
    PhotoTooLarge,
    TooMuchMemory,
    UnreadableKind,
)
from slackbot.inference.errors import ServerDown, ServerError, ServerInvalid, ServerSlow
from slackbot.job import Counts, Job, Options, Outcome
from slackbot.jobs.steps import Result
from slackbot.slack.errors import AllAnswered, DownloadError, MissingScope, PhotosAbove, SlackRefused, SlackUnavailable
from slackbot.slack.files import SharedFile

_TYPE = "type"
_CLASSES = {cls.__name__: cls for cls in (Counts, Job, Options, Outcome, Result, SharedFile)}
_ERRORS = {
    cls.__name__: cls
    for cls in (
        *(BotError, CommandError, DatabaseDown, JobCancelled, NotReady, SettingsError),
        *(DamagedPhoto, EmptyFile, GivenUp, NotAPhoto, PhotoError, PhotoTooLarge, TooMuchMemory, UnreadableKind),
        *(ServerDown, ServerError, ServerInvalid, ServerSlow),
        *(AllAnswered, DownloadError, MissingScope, PhotosAbove, SlackRefused, SlackUnavailable),
    )
}


class UnreadableRecord(ValueError):  # noqa: N818 - the name says what is wrong
    """A record that is not of the listed form. Whose it is cannot be told, so it is not used."""


class UnexpectedError(Exception):
    """An error that nobody foresaw, as the database tells of it: its class and text."""


class JobSerializer(Serializer):
    """Plain data, the listed dataclasses and errors, to JSON and back. Raises UnreadableRecord for all else."""

    def name(self) -> str:
        """What DBOS notes beside each record."""
        return "enhancer_json"

    def serialize(self, data: Any) -> str:
        """As one line of JSON. Raises TypeError where `data` holds anything that is not listed."""
        return json.dumps(_plain(data), ensure_ascii=False, separators=(",", ":"))

    def deserialize(self, serialized_data: str) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - names it cls
        """What was serialized."""
        try:
            return _restored(json.loads(serialized_data))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise UnreadableRecord(f"not a record of this bot's ({type(error).__name__})") from None


def refuse_pickles() -> None:
    """From now on DBOS neither pickles nor unpickles in this process.

    With a serializer of our own it still obeys a record that says of itself that it is a pickle.
    """

    def refuse(*_: Any) -> Never:
        raise UnreadableRecord("a pickle, which is not opened")

    dbos_serialization.DefaultSerializer.deserialize = refuse  # pyright: ignore[reportAttributeAccessIssue]
    dbos_serialization.DefaultSerializer.serialize = JobSerializer.serialize  # pyright: ignore[reportAttributeAccessIssue]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, tuple):
        return {_TYPE: "tuple", "items": [_plain(one) for one in value]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value) and _TYPE not in value:
        return {key: _plain(one) for key, one in value.items()}
    return _named(value)


def _named(value: Any) -> dict[str, Any]:
    if type(value) in _CLASSES.values():
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {_TYPE: type(value).__name__, **fields}
    if isinstance(value, dbos_error.DBOSMaxStepRetriesExceeded):
        return {_TYPE: "retries", "step": value.step_name, "count": value.max_retries}
    if type(value) in _ERRORS.values():
        return {_TYPE: type(value).__name__, "arguments": [_plain(one) for one in value.args]}
    if isinstance(value, BaseException):
        return {_TYPE: "error", "class": type(value).__name__, "text": str(value)}
    raise TypeError(f"a {type(value).__name__} cannot be recorded")


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(one) for one in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(_TYPE)
    fields = {name: _restored(one) for name, one in value.items() if name != _TYPE}
    if kind is None:
        return fields
    if kind in _CLASSES:
        return _CLASSES[kind](**fields)
    if kind in _ERRORS:
        return _ERRORS[kind](*fields["arguments"])
    if kind == "tuple":
        return tuple(fields["items"])
    if kind == "retries":
        return dbos_error.DBOSMaxStepRetriesExceeded(fields["step"], fields["count"], [])
    if kind == "error":
        return UnexpectedError(f"{fields['class']}: {fields['text']}")
    raise ValueError(kind)
