"""The bot, wired together: settings in, a running process out."""

import logging
import threading
import time
from collections.abc import Callable

from slack_bolt import App

from slackbot import metrics, stopping
from slackbot.board import Board
from slackbot.database import Database
from slackbot.enhance import Enhancer
from slackbot.errands import Errands
from slackbot.errors import NotReady, ServerError, SettingsError, SlackRefused, SlackUnavailable
from slackbot.events import Events, events_of
from slackbot.guests import admit
from slackbot.health import HealthServer
from slackbot.jobs import Jobs
from slackbot.limits import Limits
from slackbot.listeners import listen
from slackbot.notebook import Notebook
from slackbot.reporter import Reporter
from slackbot.settings import Settings
from slackbot.slack import Slack, web_client
from slackbot.triton import ModelServer
from slackbot.workshop import Workshop

log = logging.getLogger(__name__)


def serve(settings: Settings, limits: Limits, announce: Callable[[str], None]) -> None:
    """Run the bot until SIGINT or SIGTERM. Raises SettingsError where it cannot begin."""
    stop = stopping.on_signals()
    client = web_client(settings.bot_token, settings.api_url, limits)
    slack = Slack(client, settings.api_url, limits)
    try:
        home, bot_user = slack.who_am_i()
    except SlackRefused as error:
        raise SettingsError(f"Slack does not accept SLACK_BOT_TOKEN ({error.code}).") from None
    except SlackUnavailable as error:
        raise SettingsError(f"{error} Is SLACK_API_URL right?") from None

    server = ModelServer(settings.triton, limits)
    _report(server, settings.triton.url)
    enhancer = Enhancer(server, limits, metrics.FALLBACKS.inc)
    board, notebook = Board(limits), Notebook(settings.database_url)
    workshop = Workshop(
        slack=slack,
        enhancer=enhancer,
        folder=settings.work_folder,
        bot_user=bot_user,
        token=settings.bot_token,
        api_url=settings.api_url,
        limits=limits,
        room=threading.Semaphore(limits.enhancing_at_once),
        board=board,
        notebook=notebook,
    )
    errands = Errands(slack, board, notebook, enhancer, bot_user, limits)
    jobs = Jobs(settings, workshop, errands, board, notebook)
    reporter = Reporter(board, slack, limits)
    # The acknowledgement waits for the listener, and the listener for the database.
    quiet = logging.getLogger("slackbot.bolt")  # Bolt warns that the token stands in the environment as well
    quiet.setLevel(logging.ERROR)
    app = App(client=client, logger=quiet, process_before_response=True, signing_secret=settings.signing_secret)
    admit(app, settings.guests, home)
    listen(app, bot_user, jobs, notebook.is_watched)
    events = events_of(app, settings, limits)
    jobs.start()
    reporter.start()
    metrics.BREAKER_OPEN.set_function(lambda: enhancer.breaker_open)
    metrics.QUEUE_DEPTH.set_function(jobs.depth)
    serving = threading.Event()
    health = _health(settings, events, serving)
    try:
        where = events.open()
        serving.set()
        announce(f"ready: {where}; {health.address if health else 'no health page'}; stop with Ctrl-C")
        stopping.wait_for(stop)
        announce("stopping")
    finally:
        serving.clear()
        quiet.setLevel(logging.CRITICAL)  # what is heard now is not acknowledged, and Slack sends it again
        reporter.stop()
        # The model server's connection stays: closing it would turn photos at work into bicubic ones.
        _end(limits.exit_seconds, events.close, jobs.stop, *([health.close] if health else []))


def _end(seconds: float, *parts: Callable[[], None]) -> None:
    """End all parts at once, and wait so long: what is cut off here is finished by the next start, as after a crash."""
    threads = [threading.Thread(target=part, daemon=True) for part in parts]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))


def _health(settings: Settings, events: Events, serving: threading.Event) -> HealthServer | None:
    """The health page; without its port the bot does its work all the same."""

    def ready() -> None:
        if not serving.is_set():
            raise NotReady("starting or stopping")

    checks = {"connected": events.check, "database": Database(settings.database_url).check}
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
