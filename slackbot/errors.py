"""What can go wrong. The text of every error is the sentence that a person reads.

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

_REFUSALS = {
    "missing_scope": "I lack a permission here. Please ask the person who installed me to reinstall the app.",
    "file_not_found": "the file is no longer there, or not mine to see.",
    "file_deleted": "the file is no longer there, or not mine to see.",
    "not_in_channel": "I am not in this channel. Please invite me.",
    "channel_not_found": "I am not in this channel. Please invite me.",
    "is_archived": "this channel is archived, so I cannot post here.",
    "storage_limit_reached": "the workspace has no room left for files.",
    "file_upload_size_restricted": "the result is larger than this workspace allows files to be.",
    "file_type_not_allowed": "this workspace does not allow files of this kind.",
    "ratelimited": "Slack asks me to wait for longer than I can. Please try again later.",
    "posting_to_channel_denied": "I may not post files in this channel.",
}

_REINSTALL = "Please ask the person who installed me to add it and reinstall the app."


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

    sentence = "the file is empty (0 bytes)."


class NotAPhoto(PhotoError):
    """The content is no kind of picture that the bot knows, whatever the name says."""

    sentence = "this is not a picture I know. I can enhance JPEG, PNG, WebP, GIF, BMP, TIFF and HEIC."


class DamagedPhoto(PhotoError):
    """It begins like a picture and cannot be read to its end."""

    sentence = "the picture is damaged or cut short, so I cannot open it. Please try sharing it again."


class PhotoTooLarge(PhotoError):
    """More bytes, pixels or length of a side than the limits allow."""


class DownloadError(BotError):
    """Slack did not hand the file out."""


class MissingScope(DownloadError):
    """Slack answered with its login page, as it does without `files:read`."""

    sentence = f"Slack did not let me read the file: the missing scope is files:read. {_REINSTALL}"


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
        if self.code == "missing_scope" and self.needed:
            return f"I lack a permission: the missing scope is {self.needed}. {_REINSTALL}"
        return _REFUSALS.get(self.code, f"Slack did not allow it ({self.code}).")


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
