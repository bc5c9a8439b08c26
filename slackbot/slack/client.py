"""Slack's Web API as the bot uses it: each call either works, or raises SlackRefused or SlackUnavailable."""

import http.client
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from slackbot.limits import SlackLimits
from slackbot.ops import metrics
from slackbot.ops.metrics import Refusal, SlackTrouble
from slackbot.slack.blocks import sections, without_feedback
from slackbot.slack.download import download
from slackbot.slack.errors import SlackRefused, SlackUnavailable
from slackbot.slack.messages import unlinked
from slackbot.slack.refusals import refusal_of
from slackbot.slack.transport import (
    ANSWER_HOSTS,
    follow_no_redirects,
    is_bearable,
    is_slack,
    is_trusted,
    opener,
    wait_as_asked,
)


def web_client(token: str, api_url: str, limits: SlackLimits) -> WebClient:
    """A client that waits as long as Slack asks (429), five times, unless that is longer than a job waits.

    Lost connections and 5xx it leaves to the steps of a job: before they repeat a call that posts something, they look
    whether Slack did it and only the answer was lost. It follows no redirects, and from here on nothing else here does.
    """
    follow_no_redirects()
    return WebClient(
        token=token,
        base_url=api_url,
        timeout=round(limits.slack_timeout),
        retry_handlers=[_Patience(limits)],
    )


class _Patience(RateLimitErrorRetryHandler):
    def __init__(self, limits: SlackLimits) -> None:
        super().__init__(max_retry_count=5)
        self._limits = limits

    def _can_retry(self, *, response: HttpResponse | None = None, **more: Any) -> bool:
        if response is None or not super()._can_retry(response=response, **more):
            return False
        bearable = is_bearable(next(iter(response.headers.get("Retry-After", [])), None), self._limits)
        if bearable:
            metrics.slack_refused(SlackTrouble.RATE_LIMITED)
        return bearable


class Slack:
    """The calls that a job makes."""

    def __init__(self, client: WebClient, api_url: str, limits: SlackLimits) -> None:
        self._client, self._token = client, client.token or ""
        self._api_url = api_url
        self._limits = limits

    def who_am_i(self) -> tuple[str, str]:
        """The bot's team and user ids. Raises SlackRefused where the token is not good."""
        answer = self._call(self._client.auth_test)
        return answer["team_id"], answer["user_id"]

    def thread(self, channel: str, root: str, until: str | None = None) -> list[dict[str, Any]]:
        """A thread's messages, oldest first, up to the one at `until`; a message without a thread is one of its own."""
        messages: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self._call(
                self._client.conversations_replies,
                channel=channel,
                ts=root,
                latest=until,
                inclusive=True,
                limit=200,
                cursor=cursor,
            )
            messages += page["messages"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return messages

    def message_before(self, channel: str, ts: str) -> dict[str, Any] | None:
        """The message that stands right above another in its channel, threads aside; None where there is none."""
        page = self._call(self._client.conversations_history, channel=channel, latest=ts, inclusive=False, limit=1)
        return next(iter(page["messages"]), None)

    def is_own(self, address: str) -> bool:
        """Whether an address is Slack's own."""
        return is_slack(address, self._api_url)

    def file(self, file_id: str) -> dict[str, Any]:
        """A file object, complete."""
        return self._call(self._client.files_info, file=file_id)["file"]

    def known_file(self, file_id: str) -> dict[str, Any] | None:
        """A file object, complete; None where the file is deleted, or not the bot's to see."""
        try:
            return self.file(file_id)
        except SlackRefused as error:
            if error.code not in ("file_not_found", "file_deleted"):
                raise
            return None

    def react(self, channel: str, ts: str, name: str) -> None:
        """Add a reaction; having it already is fine."""
        self._call_ignoring("already_reacted", self._client.reactions_add, channel=channel, timestamp=ts, name=name)

    def unreact(self, channel: str, ts: str, name: str) -> None:
        """Take a reaction back; not having it is fine."""
        self._call_ignoring("no_reaction", self._client.reactions_remove, channel=channel, timestamp=ts, name=name)

    def post_message(self, channel: str, thread: str, text: str) -> None:
        """Post a text into a thread."""
        self._call(
            self._client.chat_postMessage,
            channel=channel,
            thread_ts=thread,
            text=text,
            blocks=sections(text),
            parse="none",
            unfurl_links=False,
            unfurl_media=False,
        )

    def post_ephemeral(
        self, channel: str, user: str, text: str, blocks: Sequence[dict[str, Any]] = (), thread: str | None = None
    ) -> None:
        """Show a message to one person only, until they reload. In a thread it shows only once that has replies."""
        self._call(
            self._client.chat_postEphemeral,
            channel=channel,
            user=user,
            text=text,
            blocks=list(blocks) or sections(text),
            parse="none",
            thread_ts=thread,
        )

    def show_status(self, channel: str, thread: str, status: str) -> None:
        """Show a line under a thread until the next reply, or two minutes; an empty one takes it away."""
        self._call(self._client.assistant_threads_setStatus, channel_id=channel, thread_ts=thread, status=status)

    def set_session(self, channel: str, thread: str, status: str) -> None:
        """Say of a thread that the bot is "processing" there, which shows a stop button, or "active". For agents."""
        self._call(self._client.agents_sessions_setStatus, channel_id=channel, thread_ts=thread, status=status)

    def suggest(self, channel: str, prompts: Sequence[tuple[str, str]]) -> None:
        """Offer what to say in a direct message: (label, message), four at most. For agents."""
        offered = [{"title": title, "message": message} for title, message in prompts]
        self._call(self._client.assistant_threads_setSuggestedPrompts, channel_id=channel, prompts=offered)

    def delete(self, channel: str, ts: str, file_ids: Sequence[str]) -> None:
        """Take back a message of the bot's own, and its files; what is gone already is fine."""
        for file_id in file_ids:
            self._call_ignoring("file_not_found file_deleted", self._client.files_delete, file=file_id)
        self._call_ignoring("message_not_found", self._client.chat_delete, channel=channel, ts=ts)

    def show_home(self, user: str, view: dict[str, Any]) -> None:
        """Publish a person's App Home."""
        self._call(self._client.views_publish, user_id=user, view=view)

    def complete_upload(self, file_id: str, title: str) -> None:
        """Make an uploaded file one that only blocks show."""
        self._call(self._client.files_completeUploadExternal, files=[{"id": file_id, "title": title}])

    def respond(self, url: str, text: str) -> None:
        """Put a text in the place of a message with buttons, or show it to whoever used a shortcut."""
        if not is_trusted(url, self._api_url, ANSWER_HOSTS):
            metrics.refuse(Refusal.ADDRESS)
            raise SlackRefused("response_url_not_trusted", "answer")
        try:
            response = WebhookClient(url, timeout=round(self._limits.slack_timeout)).send(
                text=text, blocks=sections(text), replace_original=True, response_type="ephemeral"
            )
        except (SlackClientError, URLError, http.client.HTTPException, OSError) as error:
            raise SlackUnavailable(f"An answer to a click broke off ({type(error).__name__}).") from None
        if response.status_code == 429 or response.status_code >= 500:
            raise SlackUnavailable(f"Slack answered {response.status_code} to an answer.")
        if response.status_code != 200:
            raise SlackRefused("response_url", "answer")

    def download(self, address: str, path: Path, most: int) -> None:
        """Fetch a shared file of `most` bytes or fewer. Raises DownloadError, PhotoTooLarge or SlackUnavailable."""
        download(address, path, self._token, self._api_url, self._limits, most)

    def upload(self, path: Path, name: str, alt: str) -> str:
        """Hand Slack the bytes of a file, which nobody sees until `share`; returns the file's id."""
        size = path.stat().st_size
        place = self._call(self._client.files_getUploadURLExternal, filename=name, length=size, alt_txt=alt[:1000])
        if not is_trusted(place["upload_url"], self._api_url):
            metrics.refuse(Refusal.ADDRESS)
            raise SlackRefused("upload_url_not_trusted", "files_getUploadURLExternal")
        # The SDK's retry handlers do not cover this request.
        with path.open("rb") as body:
            request = Request(  # noqa: S310 is_trusted checked it
                place["upload_url"],
                data=body,
                headers={"Content-Type": "application/octet-stream", "Content-Length": str(size)},
                method="POST",
            )
            try:
                with opener.open(request, timeout=self._limits.slack_timeout):
                    return place["file_id"]
            except HTTPError as error:
                error.close()
                if error.code < 400:
                    metrics.refuse(Refusal.REDIRECT)
                    raise SlackRefused("upload_redirected", "upload") from None
                metrics.slack_answered(error.code)
                wait_as_asked(error.headers.get("Retry-After"), self._limits, "upload")
                raise SlackUnavailable(f"Slack answered {error.code} to an upload.") from None
            except (URLError, http.client.HTTPException, OSError) as error:
                raise SlackUnavailable(f"An upload broke off ({type(error).__name__}).") from None

    def share(
        self, files: Sequence[tuple[str, str]], channel: str, thread: str, text: str, blocks: Sequence[dict[str, Any]]
    ) -> None:
        """Make uploaded files, (id, title) each, one message in a thread; `text` only where Slack takes no blocks."""
        place = {
            "files": [{"id": file_id, "title": title} for file_id, title in files],
            "channel_id": channel,
            "thread_ts": thread,
        }
        # With a comment beside them Slack would ignore the blocks.
        bodies = dict.fromkeys([json.dumps(blocks), json.dumps(without_feedback(blocks))])
        for body in bodies:
            try:
                self._call(self._client.files_completeUploadExternal, **place, blocks=body)
            except SlackRefused as error:
                if not error.code.startswith("invalid_blocks"):
                    raise
            else:
                return
        self._call(self._client.files_completeUploadExternal, **place, initial_comment=unlinked(text))

    def has_file(self, file_id: str) -> bool:
        """Whether Slack knows a file, and nobody has deleted it."""
        return self.known_file(file_id) is not None

    def is_shared(self, file_id: str, channel: str) -> bool:
        """Whether an uploaded file already stands in the channel; before that Slack does not know it at all."""
        shares = (self.known_file(file_id) or {}).get("shares") or {}
        return any(channel in places for places in shares.values())

    def _call(self, method: Callable[..., SlackResponse], **arguments: Any) -> dict[str, Any]:
        try:
            data = method(**arguments).data
        except SlackApiError as error:
            refusal = refusal_of(error, method.__name__)
            if isinstance(refusal, SlackUnavailable):  # whoever tries again does so when Slack allows it
                wait_as_asked(getattr(error.response, "headers", {}).get("Retry-After"), self._limits, method.__name__)
            raise refusal from None
        except (SlackClientError, URLError, http.client.HTTPException, OSError) as error:
            metrics.slack_refused(SlackTrouble.UNAVAILABLE)
            raise SlackUnavailable(f"Slack is out of reach for {method.__name__} ({type(error).__name__}).") from None
        if not isinstance(data, dict):
            raise SlackUnavailable(f"Slack's answer to {method.__name__} is no JSON.")
        return data

    def _call_ignoring(self, fine: str, method: Callable[..., SlackResponse], **arguments: Any) -> None:
        try:
            self._call(method, **arguments)
        except SlackRefused as error:
            if error.code not in fine.split():
                raise
