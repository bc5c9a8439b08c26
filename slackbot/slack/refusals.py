"""What an error of Slack's Web API means: no, not now, or not with this token."""

from slack_sdk.errors import SlackApiError

from slackbot.ops import metrics
from slackbot.ops.metrics import SlackTrouble
from slackbot.slack.errors import SlackRefused, SlackUnavailable

_NO_RIGHT = {
    "account_inactive",
    "invalid_auth",
    "invalid_refresh_token",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "not_authed",
    "team_access_not_granted",
    "token_expired",
    "token_revoked",
}
# What says, beside those, that it is not the one call that Slack refuses, but all of its kind in the workspace.
_OF_WORKSPACE = {
    "accesslimited",
    "app_not_installed",
    "deprecated_endpoint",
    "method_deprecated",
    "ratelimited",
    "token_not_renewed",
    "token_unreadable",
    "unknown_method",
}
_OF_AGENTS = ("agents_", "assistant_")  # methods whose refusal says that the app is none
_PASSING = {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}


def refusal_of(error: SlackApiError, method: str) -> SlackRefused | SlackUnavailable:
    """The error that a job is told of; counted where operators can do something about it."""
    response = error.response
    status = getattr(response, "status_code", 200)
    data = getattr(response, "data", response)
    code = str(data.get("error", "")) if isinstance(data, dict) else ""
    if code in _NO_RIGHT and not method.startswith(_OF_AGENTS):
        metrics.slack_refused(SlackTrouble.PERMISSION)
    if status == 429 or status >= 500 or not code or code in _PASSING:
        metrics.slack_answered(429 if code == "ratelimited" else status)
        return SlackUnavailable(f"Slack cannot do {method} now ({code or status}).")
    return SlackRefused(code, method, str(data.get("needed") or "") if isinstance(data, dict) else "")


def is_of_workspace(error: SlackRefused) -> bool:
    """Whether Slack would refuse the same call wherever else in the workspace, and not only in this channel."""
    return error.code in _NO_RIGHT | _OF_WORKSPACE
