"""The bot, wired together: settings in, a running process out."""

import logging
import signal
import threading
from collections.abc import Callable

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError

from slackbot.enhance import Enhancer
from slackbot.errors import ServerError, SettingsError, SlackRefused, SlackUnavailable
from slackbot.jobs import Jobs
from slackbot.limits import Limits
from slackbot.listeners import listen
from slackbot.settings import Settings
from slackbot.slack import Slack, web_client
from slackbot.triton import ModelServer
from slackbot.workshop import Workshop

log = logging.getLogger(__name__)


def serve(settings: Settings, limits: Limits, announce: Callable[[str], None]) -> None:
    """Run the bot until SIGINT or SIGTERM. Raises SettingsError where it cannot begin."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    client = web_client(settings.bot_token, settings.api_url, limits)
    slack = Slack(client, settings.api_url, limits)
    try:
        _, bot_user = slack.who_am_i()
    except SlackRefused as error:
        raise SettingsError(f"Slack does not accept SLACK_BOT_TOKEN ({error.code}).") from None
    except SlackUnavailable as error:
        raise SettingsError(f"{error} Is SLACK_API_URL right?") from None

    server = ModelServer(settings.triton_url, limits)
    _report(server, settings.triton_url)
    jobs = Jobs(
        settings,
        Workshop(
            slack=slack,
            enhancer=Enhancer(server, limits),
            folder=settings.work_folder,
            bot_user=bot_user,
            token=settings.bot_token,
            api_url=settings.api_url,
            limits=limits,
            room=threading.Semaphore(limits.enhancing_at_once),
        ),
    )
    # The acknowledgement waits for the listener, and the listener for the database.
    quiet = logging.getLogger("slackbot.bolt")  # Bolt warns that the token stands in the environment as well
    quiet.setLevel(logging.ERROR)
    app = App(client=client, logger=quiet, process_before_response=True)
    listen(app, bot_user, jobs.accept)
    socket = SocketModeHandler(app, settings.app_token, ping_interval=limits.socket_ping)
    jobs.start()
    try:
        _connect(socket)
        announce("ready: connected to Slack; stop with Ctrl-C")
        stop.wait()
        announce("stopping")
    finally:
        socket.close()
        jobs.stop()
        server.close()


def _connect(socket: SocketModeHandler) -> None:
    try:
        socket.connect()
    except SlackApiError as error:
        raise SettingsError(f"Slack does not accept SLACK_APP_TOKEN ({error.response.get('error')}).") from None


def _report(server: ModelServer, address: str) -> None:
    try:
        server.check()
        log.info("the model server at %s is ready", address)
    except ServerError as error:
        log.warning("%s (%s): photos are enlarged with bicubic interpolation until it is", error, address)
