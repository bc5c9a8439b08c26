"""The bot, wired together: settings in, a running process out."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from slack_bolt import App

from slackbot.connect import BOLT_LOG, connect
from slackbot.errors import NotReady
from slackbot.inference.enhancer import Enhancer
from slackbot.inference.errors import ServerError
from slackbot.inference.triton import ModelServer
from slackbot.jobs.commands import ChatCommands
from slackbot.jobs.database import Database, database_file
from slackbot.jobs.forgetting import Forgetting
from slackbot.jobs.liveness import liveness_for
from slackbot.jobs.photo_memory import PhotoMemory
from slackbot.jobs.posts import Posts
from slackbot.jobs.queue_table import QueueTable
from slackbot.jobs.queues import APPLICATION_VERSION, Jobs
from slackbot.jobs.quotas import Quotas
from slackbot.jobs.status_reporter import StatusReporter
from slackbot.jobs.steps import JobSteps
from slackbot.jobs.store import Store
from slackbot.jobs.tracker import JobTracker
from slackbot.jobs.work_folder import check_writable, clean_regularly, make_private
from slackbot.limits import JobLimits, SlackLimits
from slackbot.load_settings import Configuration
from slackbot.ops import memory, metrics, signals, tracing
from slackbot.ops.budget import Budget
from slackbot.ops.health import HealthServer
from slackbot.settings import Settings
from slackbot.slack.allow_list import install_allow_list
from slackbot.slack.decorations import Decorations
from slackbot.slack.listeners import listen
from slackbot.slack.receivers import Receiver, make_receiver

log = logging.getLogger(__name__)
_LAST_REACTIONS = 1.0  # seconds for them at the end
_LAST_SPANS = 1.0


@dataclass(frozen=True)
class _Parts:
    """What runs for as long as the bot does."""

    jobs: Jobs
    reporter: StatusReporter
    decorations: Decorations
    events: Receiver
    ending: threading.Event  # set once no more work is taken


def serve(configuration: Configuration, announce: Callable[[str], None]) -> None:
    """Run the bot until SIGINT or SIGTERM. Raises SettingsError where it cannot begin."""
    settings, endpoint, limits = configuration.settings, configuration.endpoint, configuration.limits
    database_url = settings.database_url.get_secret_value()
    stop = signals.on_signals()
    make_private(settings.photos_folder, database_file(database_url))
    store, bots = Store(database_url), liveness_for(database_url, APPLICATION_VERSION)
    slack = connect(settings, limits.slack, store.engine)
    store.tables += slack.installations.tables if slack.installations else []
    decorations = Decorations(slack.decorating)
    server = ModelServer(endpoint, limits.server)
    _report(server, endpoint.url)
    enhancer = Enhancer(server, limits.server, limits.photo, metrics.FALLBACKS.inc)
    table = QueueTable(store.engine, bots.executor)
    tracker = JobTracker(limits.jobs, table, time.time, many_teams=slack.installations is not None)
    steps = JobSteps(
        workspaces=slack.workspaces,
        decorations=decorations,
        enhancer=enhancer,
        folder=settings.photos_folder,
        limits=limits.photo,
        room=threading.Semaphore(limits.jobs.enhancing_at_once),
        memory=PhotoMemory(_budget(settings.memory_limit_mb), store, limits.photo),
        tracker=tracker,
        store=store,
        posts=Posts(store, bots),
        quotas=Quotas(store.engine, limits.jobs),
    )
    commands = ChatCommands(slack.decorating, tracker, store, enhancer, limits.photo, settings.admins)
    jobs = Jobs(database_url, steps, commands, tracker, store, bots, limits.jobs, limits.slack)
    reporter = StatusReporter(tracker, bots, slack.decorating, decorations, limits.slack)
    install_allow_list(slack.app, settings.allow_list, slack.is_served)
    forgetting = Forgetting(store, slack.installations, settings.photos_folder) if slack.installations else None
    listen(slack.app, jobs, store.is_watched, forgetting.hear if forgetting else None)
    metrics.BREAKER_OPEN.set_function(lambda: enhancer.breaker_open)
    events = _receiver(slack.app, settings, limits.slack)
    ending = threading.Event()
    jobs.start()
    clean_regularly(settings.photos_folder, tracker, store, ending, forgetting.sweep if forgetting else None)
    _run(_Parts(jobs, reporter, decorations, events, ending), settings, limits.jobs, stop, announce)


def _run(
    parts: _Parts, settings: Settings, limits: JobLimits, stop: threading.Event, announce: Callable[[str], None]
) -> None:
    """Take events, until a signal comes; then end."""
    parts.reporter.start()
    parts.decorations.start()
    metrics.show(metrics.QUEUE_DEPTH, parts.jobs.records.depth)
    metrics.show(metrics.OLDEST_JOB, parts.jobs.records.oldest_seconds)
    metrics.show(metrics.OTHER_VERSIONS, parts.jobs.records.other_versions)
    serving = threading.Event()
    health = _health(settings, parts.events, serving)
    try:
        where = parts.events.open()
        serving.set()
        announce(f"ready: {where}; {health.address if health else 'no health page'}; stop with Ctrl-C")
        signals.wait_for(stop)
        announce("stopping")
    finally:
        serving.clear()
        parts.ending.set()
        BOLT_LOG.setLevel(logging.CRITICAL)  # what comes now is not acknowledged, and Slack sends it again
        parts.reporter.stop()
        # The model server's connection stays: closing it would turn photos at work into bicubic ones.
        _end(limits.exit_seconds, parts.events.close, parts.jobs.stop, *([health.close] if health else []))
        parts.decorations.close(_LAST_REACTIONS)
        _end(_LAST_SPANS, tracing.end)


def _receiver(app: App, settings: Settings, limits: SlackLimits) -> Receiver:
    app_token, secret = settings.slack_app_token.get_secret_value(), settings.slack_signing_secret.get_secret_value()
    return make_receiver(app, app_token, secret, settings.events_host, settings.events_port, limits)


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

    checks = {"slack": events.check, "database": Database(settings.database_url.get_secret_value()).check}
    try:
        readiness = {"serving": ready, "work_folder": lambda: check_writable(settings.photos_folder)}
        return HealthServer(settings.health_host, settings.health_port, checks, readiness)
    except OSError as error:
        at = f"{settings.health_host}:{settings.health_port}"
        log.warning("no health page at %s (%s): HEALTH_PORT names another port", at, error.strerror)
        return None


def _budget(megabytes: int | None) -> Budget:
    """Memory for photos. What the bot holds itself is measured again whenever it has none of them at work."""
    most, whose = memory.limit(megabytes)
    free = memory.for_photos(most)
    log.info("photos may take %d MB: the bot may hold %d MB, %s", free // 2**20, most // 2**20, whose)
    return Budget(lambda: memory.for_photos(most))


def _report(server: ModelServer, address: str) -> None:
    try:
        server.check()
        log.info("the model server at %s is ready", address)
    except ServerError as error:
        log.warning("%s (%s): photos are enlarged with bicubic interpolation until it is", error, address)
