"""Many workspaces: each installs the app itself, through Slack's OAuth pages. Bolt does it; here it is told how.

`/slack/install` leads to Slack's page, and from there Slack leads back to `/slack/oauth_redirect`.
"""

import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from slack_bolt import App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.authorize import Authorize
from slack_bolt.error import BoltError
from slack_bolt.oauth import OAuthFlow
from slack_bolt.oauth.callback_options import CallbackOptions, FailureArgs, SuccessArgs
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Bot, Installation, InstallationStore
from slack_sdk.oauth.state_store import OAuthStateStore

from slackbot.slack.errors import SlackRefused

log = logging.getLogger(__name__)

# As in manifest.json; what an app asks for here its people see before they allow it.
SCOPES = (
    "app_mentions:read",
    "channels:history",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "im:history",
    "mpim:history",
    "reactions:write",
)
GONE = ("app_uninstalled", "tokens_revoked", "team_access_revoked")
"""Events that say that the app is no longer installed somewhere."""
NOT_SERVED = "this bot is not open to your workspace"

BotOf = Callable[[str, str], Bot]
"""The bot in a workspace, by the ids of team and organisation, each perhaps empty. Raises SlackRefused."""


class _NotServed(BoltError):  # noqa: N818 - the name says what is wrong
    """Whoever runs the bot does not want this workspace."""


class _Flow(OAuthFlow):
    """Takes no workspace that is not served; its token is given back at once."""

    serves: Callable[[set[str]], bool]

    def store_installation(self, request: BoltRequest, installation: Installation) -> None:
        named = {one for one in (installation.team_id, installation.enterprise_id) if one}
        if self.serves(named):
            super().store_installation(request, installation)
            return
        with contextlib.suppress(SlackApiError):
            self.client.auth_revoke(token=installation.bot_token)
        log.info("not installed in a workspace that is not served: %s", ", ".join(sorted(named)))
        raise _NotServed(NOT_SERVED)


def make_app(
    client: WebClient,
    credentials: tuple[str, str, str],
    stores: tuple[InstallationStore, OAuthStateStore],
    bot_of: BotOf,
    note: Callable[[str, str, float], bool],
    serves: Callable[[set[str]], bool],
    logger: logging.Logger,
) -> App:
    """The app. `client` has no token, `credentials` are client id, client secret and signing secret.

    `note` is told which team belongs to which organisation, and when that was; what it says is too late is not heard.
    `serves` says of the ids of a team and its organisation
    whether they may install it.
    """
    client_id, client_secret, signing_secret = credentials
    settings = OAuthSettings(
        client_id=client_id,
        client_secret=client_secret,
        scopes=SCOPES,
        user_scopes=(),
        installation_store=stores[0],
        installation_store_bot_only=True,
        state_store=stores[1],
        authorization_url=authorization_url(client.base_url),
        callback_options=CallbackOptions(success=_succeeded, failure=_failed),
        logger=logger,
    )
    settings.authorize = _Authorize(bot_of)  # pyright: ignore[reportAttributeAccessIssue] - Bolt's own asks Slack for each event
    flow = _Flow(client=client, logger=logger, settings=settings)
    flow.serves = serves
    app = App(
        client=client, logger=logger, process_before_response=True, signing_secret=signing_secret, oauth_flow=flow
    )

    def remember(context: BoltContext, body: dict[str, Any], next: Callable[[], None]) -> BoltResponse | None:  # noqa: A002
        team, event = team_of(context, body), body.get("event") or {}
        known = team and context.enterprise_id and event.get("type") not in GONE
        if known and not note(team, context.enterprise_id or "", time_of(body)):
            log.info("left alone: an event of workspace %s, which no longer has the app", team)
            return BoltResponse(status=200)
        next()
        return None

    app.use(remember)
    return app


def authorization_url(api_url: str) -> str:
    """Where people allow the app: beside the Web API."""
    parts = urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc}/oauth/v2/authorize"


class _Authorize(Authorize):
    """Whose event it is, from the stored installations."""

    def __init__(self, bot_of: BotOf) -> None:
        self._bot_of = bot_of

    def __call__(
        self,
        *,
        context: BoltContext,  # noqa: ARG002
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        **_: Any,
    ) -> AuthorizeResult | None:
        try:
            bot = self._bot_of(team_id or "", enterprise_id or "")
        except SlackRefused:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            user_id=user_id,
            bot_token=bot.bot_token,
            bot_id=bot.bot_id,
            bot_user_id=bot.bot_user_id,
        )


def team_of(context: BoltContext, body: dict[str, Any]) -> str:
    """The workspace through which something came. Slack leaves it out for some events of whole organisations."""
    return context.team_id or body.get("team_id") or ""


def time_of(body: dict[str, Any]) -> float:
    """When an event happened, in seconds since 1970; of some events Slack names the whole second alone."""
    event = body.get("event") or {}
    return float(event.get("event_ts") or body.get("event_time") or time.time())


def is_bot_gone(event: dict[str, Any]) -> bool:
    """Whether a `tokens_revoked` or `app_uninstalled` is about the bot's token, and not just people's own."""
    return event["type"] == "app_uninstalled" or bool((event.get("tokens") or {}).get("bot"))


def _succeeded(args: SuccessArgs) -> BoltResponse:
    return args.default.success(args)


def _failed(args: FailureArgs) -> BoltResponse:
    if isinstance(args.error, _NotServed):
        args.reason, args.suggested_status_code = NOT_SERVED, 403
    return args.default.failure(args)
