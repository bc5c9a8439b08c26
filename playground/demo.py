"""`python -m playground.demo`: the workspace, the bot and a model server together, until Ctrl-C: `make demo`."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playground.child_process import NotStartedError, child
from playground.seed import APP_TOKEN, BOT_TOKEN

MANIFEST = Path(__file__).resolve().parents[1] / "manifest.json"
HOST = "127.0.0.1"
PORT = 3900
_SERVER_PATIENCE = 120.0  # seconds until the demo goes on without the model server
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy of the environment


class DemoError(Exception):
    """Something did not start, or ended by itself; the text says what."""


def choose_port(wanted: str | None) -> int:
    """The page's port: the one that was asked for, else the usual one, else any that is free. Raises DemoError."""
    if not wanted:
        return PORT if _is_free(PORT) else free_ports(1)[0]
    if not wanted.isdecimal() or int(wanted) > 65535:
        raise DemoError(f"PORT={wanted} is no port: a number from 1 to 65535 is, as in make demo PORT=4000.")
    if not _is_free(int(wanted)):
        raise DemoError(f"Port {wanted} is taken: name another, or type make demo alone, which finds a free one.")
    return int(wanted)


def free_ports(count: int) -> list[int]:
    """So many ports that nobody has; all are held at once, so that they differ."""
    with ExitStack() as held:
        return [held.enter_context(socket.create_server((HOST, 0))).getsockname()[1] for _ in range(count)]


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def demo(port: int, model_server: str, agent: bool) -> None:
    """Run until interrupted. Raises DemoError.

    `model_server` is the command line of one to run, or empty. `agent`: whether the app is declared an agent.
    """
    begun = time.monotonic()
    grpc, metrics, health = free_ports(3)
    place = ["--port", str(port), "--manifest", str(MANIFEST), "--bot-url", f"http://{HOST}:{health}"]
    place += ["--agent"] if agent else []
    environment = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "HEALTH_PORT": str(health)}
    if model_server:
        command = f"{model_server} --grpc-port={grpc} --metrics-port={metrics}"
        place += ["--model-server", command, "--triton-metrics", f"http://{HOST}:{metrics}/metrics"]
        environment["TRITON_URL"] = f"{HOST}:{grpc}"
    print("  Starting the page.", flush=True)
    with _part("playground", place) as (workspace, ready), tempfile.TemporaryDirectory(prefix="demo-") as folder:
        address = ready.split()[1]
        environment |= {"SLACK_API_URL": f"{address}api/", "DATABASE_URL": f"sqlite:///{folder}/bot.sqlite"}
        if model_server:
            print("  Starting the model server, which takes some seconds.", flush=True)
            _wait_for_server(address, workspace)
        print("  Starting the bot.", flush=True)
        with _part("slackbot", ["--env-file", os.devnull], environment) as (bot, _):
            print(f"\n  Ready after {time.monotonic() - begun:.0f} s.", flush=True)
            print(f"  Open {address} in a browser and click one of the photos there.", flush=True)
            print("  Ctrl-C ends everything.\n", flush=True)
            while workspace.poll() is None and bot.poll() is None:
                time.sleep(0.2)
            raise DemoError(f"The {'bot' if workspace.poll() is None else 'playground'} ended by itself.")


@contextmanager
def _part(
    module: str, arguments: list[str], environment: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """One of the processes. Ctrl-C reaches this program alone, which then ends the others in their order."""
    try:
        with child(module, arguments, environment=environment, own_session=True) as started:
            yield started
    except NotStartedError:
        raise DemoError(f"{module} did not start.") from None


def _wait_for_server(address: str, workspace: subprocess.Popen[str]) -> None:
    """Until the model server is up; where it is not to be had, the bot has its own answer to that."""
    ends = time.monotonic() + _SERVER_PATIENCE
    while workspace.poll() is None and time.monotonic() < ends:
        with _opener.open(f"{address}control/services", timeout=10) as answer:
            if json.load(answer)["server"]["state"] != "starting":
                return
        time.sleep(0.3)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m playground.demo", description="The workspace and the bot together."
    )
    parser.add_argument("--model-server", default="", metavar="COMMAND", help="a model server to run beside them")
    model_server = parser.parse_args(argv).model_server
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, otherwise, where a script started this with &
    if os.environ.get("TRITON_URL"):
        model_server = ""  # there is one already
    try:
        demo(choose_port(os.environ.get("PORT")), model_server, bool(os.environ.get("AGENT")))
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
