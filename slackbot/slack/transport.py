"""Where the bot's token and its answers may go, and how long Slack may ask it to wait."""

import time
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener, install_opener

from slackbot.limits import SlackLimits
from slackbot.slack.errors import SlackRefused

FILE_HOSTS = frozenset({"files.slack.com", "files.slack-gov.com"})
ANSWER_HOSTS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


opener = build_opener(_NoRedirect)
"""Follows no redirect: it ends in an HTTPError. urllib itself would take the bot's token along to another host."""


def follow_no_redirects() -> None:
    """From now on, the same for whatever this process asks by urllib: Slack's SDK does, with the token."""
    install_opener(opener)


def is_trusted(address: str, api_url: str, hosts: frozenset[str] = FILE_HOSTS) -> bool:
    """Whether the bot may turn to this address: one of `hosts`, Slack's own, over HTTPS, or the server of `api_url`."""
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
    return same or (parts.scheme == "https" and parts.hostname in hosts and port in (None, 443))


def is_slack(address: str, api_url: str) -> bool:
    """Whether an address is one of Slack's own: a file host, a workspace's page, or the server of `api_url`."""
    try:
        parts = urlsplit(address)
        return is_trusted(address, api_url) or (
            parts.scheme == "https"
            and (parts.hostname or "").endswith(".slack.com")
            and parts.port in (None, 443)
            and parts.username is None
        )
    except ValueError:
        return False


def is_bearable(retry_after: str | None, limits: SlackLimits) -> bool:
    """Whether a job waits as long as an answer's Retry-After asks."""
    return _seconds(retry_after) <= limits.slack_patience


def wait_as_asked(retry_after: str | None, limits: SlackLimits, method: str) -> None:
    """Wait for the seconds of an answer's Retry-After, if it has one. Raises SlackRefused where they are too many."""
    if not is_bearable(retry_after, limits):
        refusal = SlackRefused("ratelimited", method)
        refusal.retry_after = _seconds(retry_after)
        raise refusal from None
    time.sleep(_seconds(retry_after))


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0


def is_login(address: str, api_url: str) -> bool:
    """A redirect from a file to a page of the workspace is the way to its login."""
    parts = urlsplit(address)
    workspace = (parts.hostname or "").endswith(".slack.com") and parts.hostname not in FILE_HOSTS
    return workspace or (parts.netloc == urlsplit(api_url).netloc and "redir" in parts.query)
