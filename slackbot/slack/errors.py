"""What Slack can refuse. Each error has its sentence for the person.

DownloadError          Slack did not hand the file out
└── MissingScope
SlackRefused           Slack said no, and will say no again
AllAnswered            there is nothing new in a thread
PhotosAbove            the message has no photos, but the one above it has
SlackUnavailable       Slack cannot answer now: worth another try
"""

# ruff: noqa: N818 - the names say what is wrong

from slackbot.errors import BotError

OUTSIDE_SLACK = "the file is not hosted by Slack, so I can't fetch it."
ROUND_IN_CIRCLES = "Slack redirected me too many times for the file."
_REINSTALL = "Please ask the person who installed me to add it and reinstall the app."
UNREADABLE = f"Slack did not let me read the file: the missing scope is files:read. {_REINSTALL}"


_SLACK_REFUSED = {
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
    "upload_redirected": "Slack led me elsewhere with the result, and I do not go there.",
    "app_not_installed": "I am not installed in this workspace any more.",
    "token_unreadable": "I lost my key to this workspace. Please ask the person who installed me to reinstall the app.",
    "token_not_renewed": "Slack does not renew my key to this workspace. Please ask the person who installed me to "
    "reinstall the app.",
    "posting_to_channel_denied": "I may not post files in this channel.",
}


def slack_refused(code: str, needed: str) -> str:
    """For what Slack does not allow; `needed` is the scope that is missing, where Slack says which."""
    if code == "missing_scope" and needed:
        return f"I lack a permission: the missing scope is {needed}. {_REINSTALL}"
    return _SLACK_REFUSED.get(code, f"Slack did not allow it ({code}).")


class DownloadError(BotError):
    """Slack did not hand the file out."""


class MissingScope(DownloadError):
    """Slack answered with its login page, as it does without `files:read`."""

    sentence = UNREADABLE


class SlackRefused(BotError):
    """Slack said no, and will say no again."""

    retry_after = 0.0  # seconds, where Slack asks for a wait that is too long

    def __init__(self, code: str, method: str, needed: str = "") -> None:
        super().__init__(code, method, needed)
        self.code = code
        self.method = method
        self.needed = needed  # the scope that is missing, where Slack says which

    def __str__(self) -> str:
        return slack_refused(self.code, self.needed)


class AllAnswered(BotError):
    """Every photo of a thread has its answer, and nobody asked for another."""

    sentence = "I have answered every photo here already. Say `again`, `2x` or `png` for another result."


class PhotosAbove(BotError):
    """A message has no photos, but the one above it in the channel has: `names` are theirs. Worth a question."""

    sentence = "the photos stand in the message above."

    def __init__(self, message_ts: str, *names: str) -> None:
        super().__init__(message_ts, *names)
        self.message_ts = message_ts
        self.names = names

    def __str__(self) -> str:
        return self.sentence


class SlackUnavailable(BotError):
    """Slack cannot answer now: worth another try."""

    retry_after = 0.0
