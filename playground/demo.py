"""`python -m playground.demo`: the workspace and the bot together, until Ctrl-C: `make demo`, but for Triton."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playground.seed import APP_TOKEN, BOT_TOKEN

MANIFEST = Path(__file__).resolve().parents[1] / "manifest.json"


class DemoError(Exception):
    """Something did not start, or ended by itself; the text says what."""


@contextmanager
def running(
    name: str, arguments: list[str], environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A module of the project as a process, once it has said `ready`, and that line. Ended cleanly with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", name, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C reaches this program, which then ends the others in their order
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("ready"):
            raise DemoError(f"{name} did not start.")
        yield process, line.strip()
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def demo(port: int) -> None:
    """Run until interrupted. Raises DemoError."""
    place = ["--port", str(port), "--manifest", str(MANIFEST)]
    with running("playground", place, {}) as (workspace, ready), tempfile.TemporaryDirectory(prefix="demo-") as folder:
        address = ready.split()[1]
        environment = {
            "SLACK_API_URL": f"{address}api/",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "DATABASE_URL": f"sqlite:///{folder}/bot.sqlite",
        }
        with running("slackbot", ["--env-file", os.devnull], environment) as (bot, _):
            print(f"\n  Open {address} in a browser, drop a photo into a channel and mention @enhancer.", flush=True)
            print("  Ctrl-C ends everything.\n", flush=True)
            while workspace.poll() is None and bot.poll() is None:
                time.sleep(0.2)
            raise DemoError(f"The {'bot' if workspace.poll() is None else 'playground'} ended by itself.")


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, otherwise, where a script started this with &
    try:
        demo(int(os.environ.get("PORT", "3900")))
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
