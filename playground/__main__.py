"""`python -m playground`: the stand-in Slack workspace, until Ctrl-C."""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import asyncio
import contextlib
import ipaddress
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playground.errors import BadRequest
from playground.seed import APP_TOKEN, BOT_TOKEN

if TYPE_CHECKING:
    from playground.services import ServiceOptions
    from playground.settings import Settings


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m playground",
        description="A stand-in Slack workspace in a browser page, for trying the bot without a Slack account.",
        epilog="The bot connects with SLACK_API_URL=http://HOST:PORT/api/, "
        f"SLACK_BOT_TOKEN={BOT_TOKEN}, SLACK_APP_TOKEN={APP_TOKEN}. "
        "Everything is kept in memory and gone at the end.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=3900, help="port to listen on; 0 takes any free one (default: %(default)s)"
    )
    parser.add_argument("--public-url", help="where others reach it, when that is not http://HOST:PORT (containers)")
    parser.add_argument(
        "--manifest", type=Path, help="an app manifest (JSON): its scopes, events and shortcuts hold here, nothing more"
    )
    parser.add_argument(
        "--agent", action="store_true", help="the app is declared an agent: a stop button, and suggested prompts"
    )
    parser.add_argument(
        "--model-server", default="", metavar="COMMAND", help="a model server to run, with a switch on the page"
    )
    parser.add_argument("--triton-metrics", default="", metavar="URL", help="Triton's metrics, which name the model")
    parser.add_argument("--bot-url", default="", metavar="URL", help="where the bot's /metrics are, to be shown")
    return parser.parse_args(argv)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises BadRequest when there is none to be had."""
    if not 0 <= port <= 65535:
        raise BadRequest(f"Port {port} is not between 0 and 65535.")
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
        )
    except socket.gaierror:
        raise BadRequest(f"There is no address {host} on this machine.") from None
    except OSError as reason:
        raise BadRequest(f"Cannot listen on {host}:{port}: {reason.strerror}. Another --port may be free.") from None


async def _serve(listener: socket.socket, base_url: str, settings: Settings, services: ServiceOptions) -> None:
    from aiohttp import web

    from playground.origin_check import LOOPBACK
    from playground.server import application

    is_local = ipaddress.ip_address(listener.getsockname()[0]).is_loopback
    hosts = LOOPBACK | {urlsplit(base_url).hostname or ""} if is_local else ()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    runner = web.AppRunner(application(base_url, settings, services, hosts), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    print(f"ready {base_url}/", flush=True)
    await stopped.wait()
    await runner.cleanup()


def main(argv: list[str] | None = None) -> int:
    arguments = _arguments(argv)
    from playground.services import ServiceOptions
    from playground.settings import Settings

    try:
        settings = Settings.from_manifest(arguments.manifest) if arguments.manifest else Settings()
        settings = settings.as_agent() if arguments.agent else settings
        listener = _listen(arguments.host, arguments.port)
    except BadRequest as refusal:
        print(refusal, file=sys.stderr)
        return 1
    services = ServiceOptions(arguments.model_server, arguments.triton_metrics, arguments.bot_url)
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    base_url = (arguments.public_url or f"http://{host}:{listener.getsockname()[1]}").rstrip("/")
    with contextlib.closing(listener), contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(listener, base_url, settings, services))
    return 0


if __name__ == "__main__":
    sys.exit(main())
