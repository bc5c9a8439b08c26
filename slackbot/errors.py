"""What can go wrong. The text of every error is the sentence that a person reads.

BotError
├── SettingsError          the environment lacks a setting, or has a wrong one
├── CommandError           the command line asks for something that cannot be
├── JobCancelled           nobody wants the job any more
├── NotReady               the bot cannot do its work now; the health page says so
│   └── DatabaseDown
├── PhotoError ...         `slackbot.imaging.errors`
├── ServerError ...        `slackbot.inference.errors`
└── DownloadError ...      `slackbot.slack.errors`
"""


# ruff: noqa: N818 - the names say what is wrong


class BotError(Exception):
    """The root: `str(error)` is one sentence for a person. A job's errors are recorded: their arguments are texts."""

    sentence = ""

    def __str__(self) -> str:
        return super().__str__() or self.sentence


class SettingsError(BotError):
    """The environment lacks a setting, or has a wrong one."""


class CommandError(BotError):
    """The command line asks for something that cannot be."""


class JobCancelled(BotError):
    """Nobody wants the job any more: it was cancelled, or its message deleted."""


class NotReady(BotError):
    """The bot cannot do its work now. The text is what the health page shows."""


class DatabaseDown(NotReady):
    """The job database cannot be written, and nothing is acknowledged until it can."""
