"""`python -m serving.run_with_server COMMAND...`: a command with Triton beside it, for as long as the command runs.

The server that answers at TRITON_URL (of the environment, else of `.env`, else the default) is used as it is. Where
none answers, one of our own is started on free ports, and TRITON_URL tells the command where; one that crashes comes
back there.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from serving.ports import Ports

ADDRESS = f"127.0.0.1:{Ports.grpc}"
ENV_FILE = Path(".env")
PATIENCE = 1.0
"""Seconds within which a running server accepts a connection."""


def wanted() -> str:
    """The address that the command would use by itself."""
    from dotenv import dotenv_values  # comes with the bot

    try:
        named = dotenv_values(ENV_FILE)
    except (OSError, UnicodeDecodeError):  # the command has its own words for that
        named = {}
    return os.environ.get("TRITON_URL") or named.get("TRITON_URL") or ADDRESS


def answers(address: str) -> bool:
    """Whether something listens at HOST:PORT; another kind of address (TLS, several servers) is believed."""
    host, _, port = address.removeprefix("grpc://").rpartition(":")
    if "://" in host or "/" in host or "," in host:
        return True
    try:
        with socket.create_connection((host.strip("[]"), int(port)), PATIENCE):
            return True
    except (OSError, ValueError):
        return False


@contextmanager
def triton(address: str) -> Iterator[str | None]:
    """Where a server answers: `address`, or one started for the purpose; None where it could not be started."""
    if answers(address):
        yield address
        return
    if sys.stderr.isatty():
        print("Starting the model server, for this command: some seconds.", file=sys.stderr, flush=True)
    # In a session of its own, so that Ctrl-C reaches the command first and the server outlives it. Nobody else knows of
    # this server, so after the command no request is in flight.
    with own_server("--grace=0", own_session=True) as (_, ready):
        yield grpc_address(ready)


@contextmanager
def own_server(
    *options: str, environment: Mapping[str, str] | None = None, own_session: bool = False
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server of our own on free ports, and its first line: `ready ...`, or another where it did not start."""
    command = [sys.executable, "-m", "serving", "--grpc-port=0", "--metrics-port=0", *options]
    variables = {**os.environ, **(environment or {})}
    server = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True, start_new_session=own_session)
    try:
        yield server, server.stdout.readline() if server.stdout else ""
    finally:
        server.terminate()
        server.wait()


def grpc_address(ready: str) -> str | None:
    """HOST:PORT in a server's line, None where it is no `ready`."""
    return ready.split("grpc://")[1].split(maxsplit=1)[0] if ready.startswith("ready") else None


def run(command: Sequence[str], address: str) -> int:
    """The command's exit status. Without a server it runs all the same: it has its own answer to that."""
    with triton(address) as at:
        process = subprocess.Popen(command, env={**os.environ, "TRITON_URL": at or address})
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda received, _: process.send_signal(received))
        return process.wait()


def main() -> int:
    command = sys.argv[1:]
    if not command or command[0] in ("-h", "--help"):
        print("usage: python -m serving.run_with_server COMMAND...\n\nRun a command with Triton beside it.")
        return 0 if command else 2
    # A signal before the command runs must still end the server.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return run(command, wanted())
    except KeyboardInterrupt:
        return 130
    except FileNotFoundError:
        print(f"serving.run_with_server: no such command: {command[0]}", file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main())
