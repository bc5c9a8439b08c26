"""The project's processes as tests start, hurt and end them."""

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import tritonclient.grpc as triton

from benchmarks import machine
from playground.testing.client import PlaygroundClient

ROOT = Path(__file__).resolve().parents[1]
SERVED = int(machine.served_version().name)
"""The model's version in the repository."""
PATIENCE = 4
"""A machine may be busy with other things: all who wait give up after so many times the seconds that they name."""
PlaygroundClient.patience = PATIENCE


class Process:
    """`python ARGUMENTS`, from its line that begins with `ready` to its end. It may be started again."""

    def __init__(self, *arguments: str, log: Path, environment: dict[str, str] | None = None) -> None:
        self._command = [sys.executable, *arguments]
        self._environment = {**os.environ, "PYTHONFAULTHANDLER": "1", **(environment or {})}
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self.ready = ""

    def start(self, seconds: float = 60) -> None:
        """Run it until it says that it is ready."""
        self.begin()
        self.wait_until_ready(seconds)

    def begin(self) -> None:
        """Run it, and do not wait."""
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def wait_until_ready(self, seconds: float = 60) -> None:
        assert self._process
        assert self._process.stdout
        watchdog = threading.Timer(PATIENCE * seconds, self._process.kill)
        watchdog.start()
        self.ready = self._process.stdout.readline()
        watchdog.cancel()
        assert self.ready.startswith("ready"), f"{self.ready!r}\n{self.log}"

    def wait_for_line(self, line: str, seconds: float = 60) -> None:
        """Read on until it says so."""
        assert self._process
        assert self._process.stdout
        watchdog = threading.Timer(PATIENCE * seconds, self._process.kill)
        watchdog.start()
        for said in self._process.stdout:
            if said.rstrip() == line:
                return watchdog.cancel()
        raise AssertionError(f"ended without a word of {line!r}\n{self.log}")

    def wait(self, seconds: float = 60) -> int:
        """The exit code, once it has ended by itself."""
        assert self._process
        self._process.communicate(timeout=PATIENCE * seconds)
        return self._process.returncode

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL: no time to say anything."""
        if self._process:
            self._process.kill()
            self._process.communicate(timeout=PATIENCE * 20)

    def stop(self, number: int = signal.SIGTERM, seconds: float = 20) -> int:
        """Ask it to end; the exit code. Where it does not, the log shows what each thread was at."""
        assert self._process
        self._process.send_signal(number)
        try:
            self._process.communicate(timeout=PATIENCE * seconds)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)
            self._process.communicate()
            raise AssertionError(f"did not end within {PATIENCE * seconds} s\n{self.log}") from None
        return self._process.returncode


class Triton(Process):
    """`python -m serving`, over the project's own models unless told otherwise, on ports that it keeps."""

    def __init__(self, folder: Path, *options: str) -> None:
        ports = {name: free_port() for name in ("grpc", "metrics")}
        self.key = secrets.token_hex(32)
        super().__init__(
            *("-m", "serving"),
            *(f"--{name}-port={port}" for name, port in ports.items()),
            "--restarts=0",
            *options,
            log=folder / "serving.log",
            environment={"XDG_CACHE_HOME": str(folder), "TRITON_ADMIN_KEY": self.key},
        )
        self.cache = folder
        self.address = f"127.0.0.1:{ports['grpc']}"
        self._metrics = f"http://127.0.0.1:{ports['metrics']}/metrics"

    def control(self, what: str) -> None:
        """ "load" or "unload" the model."""
        with triton.InferenceServerClient(self.address) as client:
            ask = client.load_model if what == "load" else client.unload_model
            ask("enhancer", headers=self.headers, client_timeout=PATIENCE * 60)

    @property
    def headers(self) -> dict[str, str]:
        """What a request that controls models brings along."""
        return {"triton-grpc-protocol-admin-key": self.key}

    def metric(self, name: str) -> int:
        """The sum of a counter over the versions of model enhancer."""
        with urllib.request.urlopen(self._metrics, timeout=PATIENCE * 5) as page:
            text = page.read().decode()
        return sum(map(int, re.findall(rf'^{name}\{{model="enhancer",.*\}} (\d+)', text, re.MULTILINE)))

    def inferences(self) -> int:
        """How many images the model has been given so far."""
        return self.metric("nv_inference_count")

    def server(self) -> psutil.Process:
        """tritonserver itself, as soon as it is there."""
        (found,) = until(psutil.Process(self.pid).children, 20, "tritonserver")
        return found

    def crash(self) -> None:
        """Kill tritonserver itself, and see its launcher end."""
        self.server().kill()
        assert self._process
        self._process.communicate(timeout=PATIENCE * 30)


# What no line of any bot's log may hold: tokens, addresses, whom or what people wrote, the names of their files.
# (libtiff calls every file "tempfile.tif".)
_INDISCREET = re.compile(
    r"xox[a-z]-|xapp-|://|<@|[\w.]@[\w-]+\.\w|canary|(?<!tempfile)\.(?:png|jpe?g|webp|gif|bmp|tiff?|heic)\b",
    re.IGNORECASE,
)


class Bot(Process):
    """The bot, on a database that outlives it. It says all it has to say, and its end fails where that was too much."""

    def __init__(self, folder: Path, environment: dict[str, str], *command: str) -> None:
        self.database = folder / "bot.sqlite"
        super().__init__(
            *(command or ("-m", "slackbot", "--env-file", os.devnull)),
            log=folder / "bot.log",
            environment={
                "HEALTH_PORT": "0",
                "LOG_LEVEL": "debug",
                "DATABASE_URL": f"sqlite:///{self.database}",
                **environment,
            },
        )

    @contextlib.contextmanager
    def connected(self, workspace: PlaygroundClient) -> Iterator["Bot"]:
        """Run it, connected to a workspace, to the end of a `with`."""
        try:
            self.start()
            workspace.wait_for_connection()
            yield self
        finally:
            self.kill()

    def kill(self) -> None:
        super().kill()
        self._check_discretion()

    def stop(self, number: int = signal.SIGTERM, seconds: float = 20) -> int:
        code = super().stop(number, seconds)
        self._check_discretion()
        return code

    def _check_discretion(self) -> None:
        lines = [line for line in self.log.splitlines() if _INDISCREET.search(line)] if self._log.exists() else []
        assert not lines, f"the bot's log tells too much: {lines[:3]}"

    def page(self, path: str) -> tuple[int, str]:
        """Status and body of `/livez`, `/healthz`, `/readyz` or `/metrics`."""
        address = re.search(r"http://[\d.:]+", self.ready)
        assert address, self.ready
        return read_page(f"{address[0]}{path}", 10)

    def metric(self, name: str) -> float:
        """The value of one line of `/metrics`, such as `enhancer_jobs_total{outcome="failed"}`; 0 where it is not."""
        _, text = self.page("/metrics")
        values = [line.rpartition(" ")[2] for line in text.splitlines() if line.rpartition(" ")[0] == name]
        return float(values[0]) if values else 0.0


def read_page(address: str, seconds: float) -> tuple[int, str]:
    """Status and body of a page, whatever the status."""
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE * seconds) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first truthy result of `condition`, asked again and again; for what the playground announces no change of."""
    ends = time.monotonic() + PATIENCE * seconds
    while not (result := condition()):
        assert time.monotonic() < ends, f"waited {PATIENCE * seconds} s for {what}"
        time.sleep(0.05)
    return result


def free_port() -> int:
    """A port that nobody has, a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
