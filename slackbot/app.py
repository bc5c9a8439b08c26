"""The bot, wired together: settings in, a running process out."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from slack_bolt import App
from slack_sdk import WebClient

from slackbot.errors import NotReady, SettingsError
from slackbot.inference.enhancer import Enhancer
from slackbot.inference.errors import ServerError
from slackbot.inference.triton import ModelServer
from slackbot.jobs.commands import ChatCommands
from slackbot.jobs.database import Database, database_file
from slackbot.jobs.queues import Jobs
from slackbot.jobs.status_reporter import StatusReporter
from slackbot.jobs.steps import JobSteps
from slackbot.jobs.store import Store
from slackbot.jobs.tracker import JobTracker
from slackbot.jobs.work_folder import clean_regularly, make_private
from slackbot.limits import SlackLimits
from slackbot.load_settings import Configuration
from slackbot.ops import metrics, signals
from slackbot.ops.health import HealthServer
from slackbot.settings import Settings
from slackbot.slack.allow_list import install_allow_list
from slackbot.slack.client import Slack, web_client
from slackbot.slack.decorations import Decorations
from slackbot.slack.errors import SlackRefused, SlackUnavailable
from slackbot.slack.listeners import listen
from slackbot.slack.receivers import Receiver, make_receiver

log = logging.getLogger(__name__)
_BOLT_LOG = logging.getLogger("slackbot.bolt")
_DECORATION = 5.0  # seconds without an answer after which a reaction or status line is given up
_LAST_REACTIONS = 1.0  # seconds for them at the end


def serve(configuration: Configuration, announce: Callable[[str], None]) -> None:
    """Run the bot until SIGINT or SIGTERM. Raises SettingsError where it cannot begin."""
    settings, endpoint, limits = configuration.settings, configuration.endpoint, configuration.limits
    api_url, database_url = settings.slack_api_url, settings.database_url.get_secret_value()
    stop = signals.on_signals()
    make_private(settings.work_folder, database_file(database_url))
    client = web_client(settings.slack_bot_token.get_secret_value(), api_url, limits.slack)
    slack = Slack(client, api_url, limits.slack)
    decorating = _impatient(client, api_url, limits.slack)
    decorations = Decorations(decorating)
    home, bot_user = _sign_in(slack)
    server = ModelServer(endpoint, limits.server)
    _report(server, endpoint.url)
    enhancer = Enhancer(server, limits.server, limits.photo, metrics.FALLBACKS.inc)
    ending = threading.Event()
    tracker, store = JobTracker(limits.jobs), Store(database_url)
    steps = JobSteps(
        slack=slack,
        decorations=decorations,
        enhancer=enhancer,
        folder=settings.work_folder,
        bot_user=bot_user,
        limits=limits.photo,
        room=threading.Semaphore(limits.jobs.enhancing_at_once),
        tracker=tracker,
        store=store,
    )
    commands = ChatCommands(slack, tracker, store, enhancer, bot_user, limits.photo, settings.admins)
    jobs = Jobs(database_url, steps, commands, tracker, store, limits.jobs, limits.slack)
    reporter = StatusReporter(tracker, decorating, decorations, limits.slack)
    app = _bolt_app(client, settings)
    install_allow_list(app, settings.allow_list, home)
    listen(app, bot_user, jobs, store.is_watched)
    events = _receiver(app, settings, limits.slack)
    jobs.start()
    clean_regularly(settings.work_folder, tracker, store, ending)
    reporter.start()
    decorations.start()
    metrics.BREAKER_OPEN.set_function(lambda: enhancer.breaker_open)
    metrics.QUEUE_DEPTH.set_function(jobs.depth)
    serving = threading.Event()
    health = _health(settings, events, serving)
    try:
        where = events.open()
        serving.set()
        announce(f"ready: {where}; {health.address if health else 'no health page'}; stop with Ctrl-C")
        signals.wait_for(stop)
        announce("stopping")
    finally:
        serving.clear()
        ending.set()
        _BOLT_LOG.setLevel(logging.CRITICAL)  # what comes now is not acknowledged, and Slack sends it again
        reporter.stop()
        # The model server's connection stays: closing it would turn photos at work into bicubic ones.
        _end(limits.jobs.exit_seconds, events.close, jobs.stop, *([health.close] if health else []))
        decorations.close(_LAST_REACTIONS)


def _impatient(client: WebClient, api_url: str, limits: SlackLimits) -> Slack:
    """Slack for reactions and status lines, which are given up where they would make photos wait."""
    hurried = replace(limits, slack_patience=0.0, slack_timeout=min(limits.slack_timeout, _DECORATION))
    return Slack(web_client(client.token or "", api_url, hurried), api_url, hurried)


def _receiver(app: App, settings: Settings, limits: SlackLimits) -> Receiver:
    app_token, secret = settings.slack_app_token.get_secret_value(), settings.slack_signing_secret.get_secret_value()
    return make_receiver(app, app_token, secret, settings.events_host, settings.events_port, limits)


def _sign_in(slack: Slack) -> tuple[str, str]:
    """The ids of the bot's workspace and user. Raises SettingsError where Slack does not accept the token."""
    try:
        return slack.who_am_i()
    except SlackRefused as error:
        raise SettingsError(f"Slack does not accept SLACK_BOT_TOKEN ({error.code}).") from None
    except SlackUnavailable as error:
        raise SettingsError(f"{error} Is SLACK_API_URL right?") from None


def _bolt_app(client: WebClient, settings: Settings) -> App:
    """The app. Its acknowledgement waits for the listener, and the listener for the database."""
    _BOLT_LOG.setLevel(logging.ERROR)  # Bolt warns that the token is in the environment as well
    secret = settings.slack_signing_secret.get_secret_value()
    return App(client=client, logger=_BOLT_LOG, process_before_response=True, signing_secret=secret)


def _end(seconds: float, *parts: Callable[[], None]) -> None:
    """End all parts at once, and wait so long: what is cut off here is finished by the next start, as after a crash."""
    threads = [threading.Thread(target=part, daemon=True) for part in parts]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))


def _health(settings: Settings, events: Receiver, serving: threading.Event) -> HealthServer | None:
    """The health page; without its port the bot does its work all the same."""

    def ready() -> None:
        if not serving.is_set():
            raise NotReady("starting or stopping")

    checks = {"connected": events.check, "database": Database(settings.database_url.get_secret_value()).check}
    try:
        return HealthServer(settings.health_host, settings.health_port, checks, {"serving": ready})
    except OSError as error:
        at = f"{settings.health_host}:{settings.health_port}"
        log.warning("no health page at %s (%s): HEALTH_PORT names another port", at, error.strerror)
        return None


def _report(server: ModelServer, address: str) -> None:
    try:
        server.check()
        log.info("the model server at %s is ready", address)
    except ServerError as error:
        log.warning("%s (%s): photos are enlarged with bicubic interpolation until it is", error, address)
