"""Fetch a shared file: streamed, capped, and with the token only for Slack's own file hosts."""

import http.client
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin
from urllib.request import Request

from slackbot.imaging.errors import PhotoTooLarge, too_many_bytes
from slackbot.limits import SlackLimits
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal, SlackTrouble
from slackbot.slack.errors import (
    OUTSIDE_SLACK,
    ROUND_IN_CIRCLES,
    DownloadError,
    MissingScope,
    SlackRefused,
    SlackUnavailable,
)
from slackbot.slack.transport import is_login, is_trusted, opener, wait_as_asked

_PIECE = 64 * 1024


def download(address: str, path: Path, token: str, api_url: str, limits: SlackLimits, most: int) -> None:
    """Write the file at `address`, of `most` bytes or fewer, to `path`.

    Raises DownloadError, PhotoTooLarge or SlackUnavailable.
    """
    ends = time.monotonic() + limits.download_seconds
    try:
        with _open(address, token, api_url, limits) as response:
            if "text/html" in response.headers.get("Content-Type", ""):
                raise MissingScope  # the login page, with status 200
            _copy(response, path, ends, most)
    except MissingScope:
        metrics.slack_refused(SlackTrouble.PERMISSION)
        raise
    except HTTPError as error:
        error.close()
        if error.code == 429 or error.code >= 500:
            metrics.slack_answered(error.code)
            wait_as_asked(error.headers.get("Retry-After"), limits, "download")
            raise SlackUnavailable(f"Slack answered {error.code} to a download.") from None
        if error.code in (401, 403):
            metrics.slack_refused(SlackTrouble.PERMISSION)
            raise MissingScope from None
        raise SlackRefused("file_not_found", "download") from None
    except (URLError, http.client.HTTPException, OSError) as error:
        metrics.slack_refused(SlackTrouble.UNAVAILABLE)
        raise SlackUnavailable(f"A download broke off ({type(error).__name__}).") from None


def _open(address: str, token: str, api_url: str, limits: SlackLimits) -> http.client.HTTPResponse:
    for _ in range(limits.redirects + 1):
        if not is_trusted(address, api_url):
            metrics.refuse(Refusal.ADDRESS)
            raise DownloadError(OUTSIDE_SLACK)
        request = Request(address, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 is_trusted checked it
        try:
            return opener.open(request, timeout=limits.slack_timeout)
        except HTTPError as error:
            location = error.headers.get("Location")
            if error.code not in (301, 302, 303, 307, 308) or not location:
                raise
            error.close()
            following = urljoin(address, location)
            if is_login(following, api_url):
                raise MissingScope from None
            address = following
    metrics.refuse(Refusal.REDIRECT)
    raise DownloadError(ROUND_IN_CIRCLES)


def _copy(response: http.client.HTTPResponse, path: Path, ends: float, most: int) -> None:
    size, announced = 0, response.length
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        while piece := response.read1(_PIECE):  # read() would wait for all of a piece, however slowly it drips
            size += len(piece)
            if size > most:
                raise PhotoTooLarge(too_many_bytes(most))
            if time.monotonic() > ends:
                raise SlackUnavailable("A download took too long.")
            file.write(piece)
    if announced is not None and size < announced:
        raise SlackUnavailable("A download broke off.")
    unfinished.replace(path)
