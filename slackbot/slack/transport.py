"""Where the bot's token may go, and how long Slack may ask it to wait."""

import time
from urllib.parse import urlsplit

from slackbot.limits import SlackLimits
from slackbot.slack.errors import SlackRefused

FILE_HOSTS = frozenset({"files.slack.com", "files.slack-gov.com"})


def is_trusted(address: str, api_url: str) -> bool:
    """Whether the bot's token may go to this address: a file host of Slack's over HTTPS, or the server of `api_url`."""
    try:
        parts, api = urlsplit(address), urlsplit(api_url)
        port = parts.port
        same = (parts.scheme, parts.hostname, port) == (api.scheme, api.hostname, api.port)
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or "\\" in address or not address.isascii():
        return False
    if any(letter <= " " for letter in address):
        return False
    return same or (parts.scheme == "https" and parts.hostname in FILE_HOSTS and port in (None, 443))


def is_bearable(retry_after: str | None, limits: SlackLimits) -> bool:
    """Whether a job waits as long as an answer's Retry-After asks."""
    return _seconds(retry_after) <= limits.slack_patience


def wait_as_asked(retry_after: str | None, limits: SlackLimits, method: str) -> None:
    """Wait for the seconds of an answer's Retry-After, if it has one. Raises SlackRefused where they are too many."""
    if not is_bearable(retry_after, limits):
        raise SlackRefused("ratelimited", method) from None
    time.sleep(_seconds(retry_after))


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0


def is_login(address: str, api_url: str) -> bool:
    """A redirect from a file to a page of the workspace is the way to its login."""
    parts = urlsplit(address)
    workspace = (parts.hostname or "").endswith(".slack.com") and parts.hostname not in FILE_HOSTS
    return workspace or (parts.netloc == urlsplit(api_url).netloc and "redir" in parts.query)
