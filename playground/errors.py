"""The two ways to say no: as Slack says it to an app, and as the playground says it to a person or a test."""

from typing import Any


class SlackError(Exception):
    """A Web API call that Slack answers with `{"ok": false, "error": ...}` and HTTP 200."""

    def __init__(self, error: str, *messages: str, **more: Any) -> None:
        super().__init__(error)
        self.body: dict[str, Any] = {"ok": False, "error": error, **more}
        if messages:
            self.body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in messages]}


class BadRequest(Exception):  # noqa: N818 - named as HTTP names it
    """A control call or a command-line argument that makes no sense; the text is for the person who made it."""
