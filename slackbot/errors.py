"""What can go wrong. The text of every error is the sentence that a person reads; in Slack, one of `replies`.

BotError
├── SettingsError          the environment lacks a setting, or has a wrong one
├── CommandError           the command line asks for something that cannot be
├── PhotoError             this file cannot be enhanced
│   ├── EmptyFile
│   ├── NotAPhoto
│   ├── DamagedPhoto
│   └── PhotoTooLarge
├── DownloadError          Slack did not hand the file out
│   └── MissingScope
├── Stopped                nobody wants the job any more
├── SlackRefused           Slack said no, and will say no again
├── SlackUnavailable       Slack cannot answer now: worth another try
├── NotReady               the bot cannot do its work now; the health page says so
│   └── DatabaseDown
└── ServerError            the model server cannot be used; the photo is enlarged without it
    ├── ServerDown
    ├── ServerSlow
    └── ServerWrong
"""

# ruff: noqa: N818 - the names say what is wrong

from slackbot import replies


class BotError(Exception):
    """The root: `str(error)` is one sentence for a person. A job's errors are recorded, so they have to pickle."""

    sentence = ""

    def __str__(self) -> str:
        return super().__str__() or self.sentence


class SettingsError(BotError):
    """The environment lacks a setting, or has a wrong one."""


class CommandError(BotError):
    """The command line asks for something that cannot be."""


class PhotoError(BotError):
    """This file cannot be enhanced."""


class EmptyFile(PhotoError):
    """No bytes at all."""

    sentence = replies.EMPTY_FILE


class NotAPhoto(PhotoError):
    """The content is no kind of picture that the bot knows, whatever the name says."""

    sentence = replies.NOT_A_PHOTO


class DamagedPhoto(PhotoError):
    """It begins like a picture and cannot be read to its end."""

    sentence = replies.DAMAGED


class PhotoTooLarge(PhotoError):
    """More bytes, pixels or length of a side than the limits allow."""


class DownloadError(BotError):
    """Slack did not hand the file out."""


class MissingScope(DownloadError):
    """Slack answered with its login page, as it does without `files:read`."""

    sentence = replies.UNREADABLE


class Stopped(BotError):
    """Nobody wants the job any more: it was cancelled, or its message deleted."""


class SlackRefused(BotError):
    """Slack said no, and will say no again."""

    def __init__(self, code: str, method: str, needed: str = "") -> None:
        super().__init__(code, method, needed)
        self.code = code
        self.method = method
        self.needed = needed  # the scope that is missing, where Slack says which

    def __str__(self) -> str:
        return replies.slack_refused(self.code, self.needed)


class SlackUnavailable(BotError):
    """Slack cannot answer now: worth another try."""


class NotReady(BotError):
    """The bot cannot do its work now. The text is what the health page shows."""


class DatabaseDown(NotReady):
    """The job database cannot be written, and nothing is acknowledged until it can."""


class ServerError(BotError):
    """The model server cannot be used. The text completes "because ..."."""


class ServerDown(ServerError):
    """No connection, no model, or refused."""


class ServerSlow(ServerError):
    """No answer within the deadline."""


class ServerWrong(ServerError):
    """An answer of another shape or type, or a model that breaks the contract."""
