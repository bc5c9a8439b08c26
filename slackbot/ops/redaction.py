"""No secret in any log line, whoever wrote it: tokens and web addresses are redacted on the way out."""

import logging
import re

# Slack's tokens (api.slack.com/concepts/token-types), what stands in an Authorization header, passwords in addresses,
# and the addresses themselves: those of files are named after them, those of sockets carry a ticket.
_SECRETS = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|xwfp-[\w-]+|(?<=Bearer )\S+|(?:https?|wss?|postgresql)\S*://[^\s'\"<>]+"
)


class RedactingFormatter(logging.Formatter):
    """The line of another formatter, traceback included, without secrets."""

    def __init__(self, plain: logging.Formatter) -> None:
        super().__init__()
        self._plain = plain

    def format(self, record: logging.LogRecord) -> str:
        return _SECRETS.sub("[...]", self._plain.format(record))


def begin() -> None:
    """Make every handler of the root logger redact."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(RedactingFormatter(handler.formatter or logging.Formatter()))
