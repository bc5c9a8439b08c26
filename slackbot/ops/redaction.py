"""No secret in any log line, whoever wrote it: tokens and web addresses are redacted on the way out.

A line is text, or JSON for programs that collect logs.
"""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

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
        return _clean(self._plain.format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, perhaps trace, and `extra={"facts": …}`."""

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = getattr(record, "facts", {})
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **facts,
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        # Before they are put in quotation marks: what is taken out must not take these along.
        clean = {name: _clean(value) if isinstance(value, str) else value for name, value in line.items()}
        return json.dumps(clean, ensure_ascii=False)


def _clean(text: str) -> str:
    return _SECRETS.sub("[...]", text)


def begin(as_json: bool = False) -> None:
    """Make every handler of the root logger redact."""
    for handler in logging.getLogger().handlers:
        plain = handler.formatter or logging.Formatter()
        handler.setFormatter(JsonFormatter() if as_json else RedactingFormatter(plain))
