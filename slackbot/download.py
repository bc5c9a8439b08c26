"""Fetch a shared file: streamed, capped, and with the token only for Slack's own file hosts."""

import http.client
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from slackbot import replies
from slackbot.errors import DownloadError, MissingScope, PhotoTooLarge, SlackRefused, SlackUnavailable
from slackbot.limits import Limits

FILE_HOSTS = frozenset({"files.slack.com", "files.slack-gov.com"})
_PIECE = 64 * 1024


class _NoRedirect(HTTPRedirectHandler):
    """urllib would take the token along to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


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


def download(address: str, path: Path, token: str, api_url: str, limits: Limits) -> None:
    """Write the file at `address` to `path`. Raises DownloadError, PhotoTooLarge or SlackUnavailable."""
    ends = time.monotonic() + limits.download_seconds
    try:
        with _open(address, token, api_url, limits) as response:
            if "text/html" in response.headers.get("Content-Type", ""):
                raise MissingScope  # the login page, with status 200
            _copy(response, path, ends, limits)
    except HTTPError as error:
        if error.code == 429 or error.code >= 500:
            wait_as_asked(error.headers.get("Retry-After"), limits, "download")
            raise SlackUnavailable(f"Slack answered {error.code} to a download.") from None
        if error.code in (401, 403):
            raise MissingScope from None
        raise SlackRefused("file_not_found", "download") from None
    except (URLError, http.client.HTTPException, OSError) as error:
        raise SlackUnavailable(f"A download broke off ({type(error).__name__}).") from None


def is_bearable(retry_after: str | None, limits: Limits) -> bool:
    """Whether a job waits as long as an answer's Retry-After asks."""
    return _seconds(retry_after) <= limits.slack_patience


def wait_as_asked(retry_after: str | None, limits: Limits, method: str) -> None:
    """Wait for the seconds of an answer's Retry-After, if it has one. Raises SlackRefused where they are too many."""
    if not is_bearable(retry_after, limits):
        raise SlackRefused("ratelimited", method) from None
    time.sleep(_seconds(retry_after))


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0


def _open(address: str, token: str, api_url: str, limits: Limits) -> http.client.HTTPResponse:
    opener: OpenerDirector = build_opener(_NoRedirect)
    for _ in range(limits.redirects + 1):
        if not is_trusted(address, api_url):
            raise DownloadError(replies.OUTSIDE_SLACK)
        request = Request(address, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 is_trusted checked it
        try:
            return opener.open(request, timeout=limits.slack_timeout)
        except HTTPError as error:
            location = error.headers.get("Location")
            if error.code not in (301, 302, 303, 307, 308) or not location:
                raise
            error.close()
            following = urljoin(address, location)
            if _is_login(following, api_url):
                raise MissingScope from None
            address = following
    raise DownloadError(replies.ROUND_IN_CIRCLES)


def _is_login(address: str, api_url: str) -> bool:
    """A redirect from a file to a page of the workspace is the way to its login."""
    parts = urlsplit(address)
    workspace = (parts.hostname or "").endswith(".slack.com") and parts.hostname not in FILE_HOSTS
    return workspace or (parts.netloc == urlsplit(api_url).netloc and "redir" in parts.query)


def _copy(response: http.client.HTTPResponse, path: Path, ends: float, limits: Limits) -> None:
    size, announced = 0, response.length
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        while piece := response.read1(_PIECE):  # read() would wait for all of a piece, however slowly it drips
            size += len(piece)
            if size > limits.photo_bytes:
                raise PhotoTooLarge(replies.too_many_bytes(limits))
            if time.monotonic() > ends:
                raise SlackUnavailable("A download took too long.")
            file.write(piece)
    if announced is not None and size < announced:
        raise SlackUnavailable("A download broke off.")
    unfinished.replace(path)
