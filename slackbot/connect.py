"""Slack's side of the bot: one workspace with its token, or all that install the app."""

import logging
from dataclasses import dataclass, replace

from slack_bolt import App
from sqlalchemy import Engine

from slackbot.errors import SettingsError
from slackbot.jobs.installations import Installations
from slackbot.limits import SlackLimits
from slackbot.settings import Settings, split_keys
from slackbot.slack import oauth
from slackbot.slack.allow_list import IsServed, many_workspaces, one_workspace
from slackbot.slack.client import Slack, web_client
from slackbot.slack.errors import SlackRefused, SlackUnavailable
from slackbot.slack.workspaces import InstalledWorkspaces, OneWorkspace, Workspaces

BOLT_LOG = logging.getLogger("slackbot.bolt")
_DECORATION = 5.0  # seconds without an answer after which a reaction or status line is given up


@dataclass(frozen=True)
class Connection:
    """The app, and where its calls go: those of jobs, and reactions, status lines and App Homes, for which nobody waits
    where Slack asks to."""

    app: App
    workspaces: Workspaces
    decorating: Workspaces
    is_served: IsServed
    installations: Installations | None = None


def connect(settings: Settings, limits: SlackLimits, engine: Engine) -> Connection:
    """As the settings say. Raises SettingsError where Slack does not accept the token."""
    BOLT_LOG.setLevel(logging.ERROR)  # Bolt warns that the token is in the environment as well
    hurried = replace(limits, slack_patience=0.0, slack_timeout=min(limits.slack_timeout, _DECORATION))
    make = _many if settings.slack_client_id else _one
    return make(settings, limits, hurried, engine)


def _one(settings: Settings, limits: SlackLimits, hurried: SlackLimits, _: Engine) -> Connection:
    token, api_url = settings.slack_bot_token.get_secret_value(), settings.slack_api_url
    client = web_client(token, api_url, limits)
    slack = Slack(client, api_url, limits)
    home, bot_user = _sign_in(slack)
    secret = settings.slack_signing_secret.get_secret_value()
    # Its acknowledgement waits for the listener, and the listener for the database.
    app = App(client=client, logger=BOLT_LOG, process_before_response=True, signing_secret=secret)
    decorating = OneWorkspace(Slack(web_client(token, api_url, hurried), api_url, hurried), bot_user)
    return Connection(app, OneWorkspace(slack, bot_user), decorating, one_workspace(home, settings.allow_list))


def _many(settings: Settings, limits: SlackLimits, hurried: SlackLimits, engine: Engine) -> Connection:
    client = web_client("", settings.slack_api_url, limits)
    credentials = (
        settings.slack_client_id,
        settings.slack_client_secret.get_secret_value(),
        settings.slack_signing_secret.get_secret_value(),
    )
    installations = Installations(engine, *credentials[:2], split_keys(settings.token_key), client)
    stores = installations.store, installations.states
    allow_list = settings.allow_list
    may_install = allow_list.may_install
    app = oauth.make_app(client, credentials, stores, installations.bot, installations.note, may_install, BOLT_LOG)
    workspaces, decorating = (
        InstalledWorkspaces(installations.bot, settings.slack_api_url, one) for one in (limits, hurried)
    )
    return Connection(app, workspaces, decorating, many_workspaces(installations.has, allow_list), installations)


def _sign_in(slack: Slack) -> tuple[str, str]:
    """The ids of the bot's workspace and user. Raises SettingsError where Slack does not accept the token."""
    try:
        return slack.who_am_i()
    except SlackRefused as error:
        raise SettingsError(f"Slack does not accept SLACK_BOT_TOKEN ({error.code}).") from None
    except SlackUnavailable as error:
        raise SettingsError(f"{error} Is SLACK_API_URL right?") from None
