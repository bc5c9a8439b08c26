"""Simulated people share photos faster and faster with the real bot and a real Triton: who waits how long?

usage: python -m benchmarks.load [--people N] [--seconds S] [--seed N] [--output FOLDER]

First photos one by one, then some at once: the capacity. Then an open load (people come whenever they like, Poisson) of
half of it, all of it and twice it. Writes load.md, load.png, load.csv (each photo) and load.json (the machine).
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import json
import os
import re
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil

from benchmarks import load_report, machine, queueing, script
from benchmarks.load_people import SIZES, People, Share, arrivals, sizes
from benchmarks.report import write_csv
from benchmarks.serving import Server, own_server
from playground.child_process import child
from playground.testing.client import Message, PlaygroundClient

ROOT = Path(__file__).resolve().parents[1]
LOADS = {"half": 0.5, "full": 1.0, "twice": 2.0}
AT_ONCE = 20  # photos that are shared at once to see the capacity
_LOST = 20.0  # seconds without a job, after which no more replies come


@dataclass(frozen=True)
class Facts:
    """The machine, and what a photo costs it."""

    machine: str
    people: int
    seconds: float
    """of each load"""
    smaller: int
    """what the sides of all photos were divided by"""
    capacity: float
    """photos of the mix a second"""
    cpu: float
    """CPU seconds of bot and server for a photo of the mix"""
    megapixels: float
    """of a photo of the mix, on the average"""
    others: float
    """cores that other programs kept busy meanwhile"""
    model: dict[str, float]
    """`queueing.Machine` as it was fitted to the photos that came alone, and the capacity"""


@dataclass
class Stack:
    """The playground, the bot and the server, running."""

    workspace: PlaygroundClient
    bot: psutil.Process
    health: str
    server: Server

    @property
    def processes(self) -> list[psutil.Process]:
        return [self.bot, *self.server.tritonserver, *self.server.stubs]

    def wait(self, messages: Sequence[Message]) -> None:
        """Until each has its reply; or the bot has had no job for a while, and some are lost."""
        busy = time.monotonic()
        for message in messages:
            while not self.workspace.replies(message) and time.monotonic() - busy < _LOST:
                if self._depth():
                    busy = time.monotonic()
                time.sleep(1)

    def _depth(self) -> float:
        with urllib.request.urlopen(f"{self.health}/metrics", timeout=60) as page:  # noqa: S310 - our own bot
            found = re.search(r"^enhancer_queue_depth (\S+)$", page.read().decode(), re.MULTILINE)
        return float(found[1]) if found else 1.0


@contextmanager
def stack(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """All processes, for as long as the block runs; `settings` are the bot's, beside those that it needs."""
    with own_server() as server, PlaygroundClient.start(stderr=sys.stderr.fileno()) as workspace:
        environment = {
            "TRITON_URL": server.address,
            "DATABASE_URL": f"sqlite:///{folder}/bot.sqlite",
            "HEALTH_PORT": "0",
            "LOG_LEVEL": "warning",
        }
        arguments = ("--env-file", os.devnull)
        with child("slackbot", arguments, environment={**workspace.environment, **environment, **(settings or {})}) as (
            process,
            ready,
        ):
            workspace.wait_for_connection()
            health = re.findall(r"http://[\d.:]+", ready)[0]
            yield Stack(workspace, psutil.Process(process.pid), health, server)


def alone(stack: Stack, people: People, rounds: int = 3) -> list[Share]:
    """Photos one by one."""
    found = []
    for width, height, _ in [SIZES[0], *SIZES * rounds]:  # the first is to warm up
        shared = people.share([0.0], [(width, height)])
        stack.wait([message for *_, message in shared])
        found += people.became("alone", shared)
    return found[1:]


def at_once(stack: Stack, people: People, random: np.random.Generator) -> tuple[list[Share], float, machine.Spent]:
    """Many photos at once; how many come out a second, and what they cost."""
    with machine.watch(stack.processes) as spent:
        shared = people.share([0.0] * AT_ONCE, sizes(AT_ONCE, random))
        stack.wait([message for *_, message in shared])
    shares = people.became("at once", shared)
    slowest = max(share.seconds for share in shares)
    return shares, AT_ONCE / slowest, spent


def open_load(
    name: str, rate: float, seconds: float, stack: Stack, people: People, random: np.random.Generator
) -> list[Share]:
    """People who do not wait for each other."""
    moments = arrivals(rate, seconds, random)
    shared = people.share(moments, sizes(len(moments), random))
    stack.wait([message for *_, message in shared])
    return people.became(name, shared)


def measure(people: int, seconds: float, seed: int, smaller: int) -> tuple[Facts, list[Share]]:
    random = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as scratch, stack(Path(scratch)) as running:
        crowd = People(running.workspace, people, random, smaller)
        with machine.watch(running.processes) as all_along:
            one_by_one = alone(running, crowd)
            burst, capacity, spent = at_once(running, crowd, random)
            shares = [*one_by_one, *burst]
            print(f"{capacity:.3f} photos a second", flush=True)
            for name, times in LOADS.items():
                shares += open_load(name, times * capacity, seconds, running, crowd, random)
                print(load_report.line(name, shares), flush=True)
    mix = [share.megapixels for share in burst]
    fitted = queueing.fit([one.megapixels for one in one_by_one], [one.seconds for one in one_by_one], mix, capacity)
    facts = Facts(
        machine=machine.describe(),
        people=people,
        seconds=seconds,
        smaller=smaller,
        capacity=capacity,
        cpu=spent.cpu / len(burst),
        megapixels=float(np.mean(mix)),
        others=all_along.others,
        model=asdict(fitted),
    )
    return facts, shares


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="load.py", description="Simulated people share photos, faster and faster.")
    parser.add_argument("--people", type=int, default=50, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=600, help="of each load (default: %(default)s)")
    parser.add_argument(
        "--smaller", type=int, default=1, metavar="N", help="divide the photos' sides, where the machine is slow (1)"
    )
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks", metavar="FOLDER")
    options = parser.parse_args(arguments)
    facts, shares = measure(options.people, options.seconds, options.seed, options.smaller)
    options.output.mkdir(parents=True, exist_ok=True)
    write_csv(options.output / "load.csv", shares)
    (options.output / "load.json").write_text(json.dumps(asdict(facts), indent=2) + "\n")
    load_report.write(options.output, asdict(facts), shares)
    print((options.output / "load.md").read_text())


if __name__ == "__main__":
    script.run(main)
