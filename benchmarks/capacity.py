"""docs/capacity.md: what the measured load, and the simulation that repeats it, say of more people.

usage: python -m benchmarks.capacity
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import load_report, queueing
from benchmarks.photo_pages import photo_pages
from benchmarks.report import table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "capacity.md"
PEOPLE = (1_000, 100_000, 1_000_000)
LARGER = (1.0, 12.0)  # megapixels: a screen, and a phone's camera
# Assumptions, each of which a reader may replace by figures of their own.
PHOTOS_A_WEEKDAY = 0.1  # of one person, over a whole workspace: most share none
BUSIEST_HOUR = 0.15  # of a weekday's photos
WAIT = 30.0  # seconds to the reply that 95 of 100 photos should keep in the busiest hour
SLOW = 1.5
PRICE = 0.04  # US dollars for an hour of a core with its memory, a common price on demand
TRANSACTIONS = 60  # of the database for one photo: the steps of a job, its place in the queue, its reply
PAIRS_A_BOT = 4  # with LIMIT_ENHANCING_AT_ONCE=8: two photos for each pair of cores
KEPT_DAYS, BYTES_A_JOB = 30, 20_000


@dataclass(frozen=True)
class Plan:
    """What so many people need in their busiest hour: pairs of cores, each as the machine of the load test."""

    people: int
    photos: float
    """an hour"""
    pairs: int
    p95: float

    @property
    def bots(self) -> int:
        """At least two, so that one may end."""
        return max(2, math.ceil(self.pairs / PAIRS_A_BOT))

    @property
    def transactions(self) -> float:
        """A second."""
        return self.photos / 3600 * TRANSACTIONS

    @property
    def gigabytes(self) -> float:
        """Of the database."""
        return self.photos / BUSIEST_HOUR * KEPT_DAYS * BYTES_A_JOB / 1e9

    @property
    def dollars(self) -> float:
        """For a month of cores that always run."""
        return 2 * self.pairs * PRICE * 24 * 30


def pair_of_cores(facts: dict[str, Any]) -> queueing.Machine:
    """Two cores that do nothing else, by what a photo cost in CPU seconds."""
    measured = queueing.Machine(**facts["model"])
    by_cpu = facts["cpu"] / 2 / measured.work(facts["megapixels"])
    return replace(measured, fixed=measured.fixed * by_cpu, megapixel=measured.megapixel * by_cpu)


def plan(people: int, pair: queueing.Machine, sizes: list[float], seed: int = 1) -> Plan:
    """The fewest pairs of cores with which the busiest hour, of photos of these megapixels, keeps `WAIT`.

    Or `SLOW` times what the largest of them takes alone, where that is longer.
    """
    photos = people * PHOTOS_A_WEEKDAY * BUSIEST_HOUR
    random = np.random.default_rng(seed)
    count = max(200, int(photos))
    at = np.cumsum(random.exponential(3600 / photos, count)).tolist()
    megapixels = random.choice(sizes, count).tolist()
    pairs = max(1, math.ceil(count / at[-1] / pair.capacity(megapixels)))
    wait = max(WAIT, SLOW * (pair.work(max(sizes)) + pair.waiting))
    while True:
        p95 = float(np.percentile(queueing.simulate(replace(pair, servers=pairs), at, megapixels), 95))
        if p95 <= wait:
            return Plan(people, photos, pairs, p95)
        pairs += max(1, pairs // 50)


def rows(facts: dict[str, Any], sizes: list[float]) -> Iterator[tuple[str, ...]]:
    for people in PEOPLE:
        needs = plan(people, pair_of_cores(facts), sizes)
        yield (
            f"{people:,}",
            f"{needs.photos:,.0f}",
            f"{2 * needs.pairs:,}",
            f"{needs.bots}",
            f"{needs.p95:.0f} s",
            f"{needs.transactions:,.1f} transactions a second, {needs.gigabytes:,.1f} GB",
            f"${needs.dollars:,.0f}",
        )


def larger_rows(facts: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """For photos of one size each, on each kind of processor."""
    for page, megapixels, people in itertools.product(photo_pages(), LARGER, PEOPLE):
        seconds = page.cpu / page.megapixels
        needs = plan(people, queueing.Machine(0.0, seconds / 2, facts["model"]["waiting"]), [megapixels])
        yield (
            page.kind.partition(":")[0],
            f"{seconds:.1f}",
            f"{megapixels:g}",
            f"{people:,}",
            f"{2 * needs.pairs:,}",
            f"{needs.bots}",
            f"{needs.p95:.0f} s",
            f"${needs.dollars:,.0f}",
        )


def _warning(shares: list[load_report.Share]) -> str:
    """What to think of the figures, where the server could not keep up with the photos that were shared at once."""
    mine = load_report.of_load("at once", shares)
    without = sum(share.bicubic for share in mine)
    if not without:
        return ""
    return (
        f" **But {without} of these {len(mine)} photos were enlarged without the model**, since this machine was too "
        "slow for it: with the model a photo costs more, and everything below is too little. Measure on a machine of "
        "yours (`make loadtest`)."
    )


def page() -> str:
    """The whole page, in Markdown."""
    facts, shares = load_report.read()
    off = load_report.off(facts, shares)
    gpu = "not measured" if "Not measured" in (load_report.FOLDER / "gpu.md").read_text() else "measured"
    sizes = [share.megapixels for share in shares if share.load == "at once"]
    head = ("people", "photos in the busiest hour", "cores", "bots", "95 of 100 within", "database", "a month")
    parts = [
        "<!-- Written by `python -m benchmarks.capacity`. -->\n# Capacity",
        "How many cores for how many people: a measured load, and a simulation of it. [Sizing](sizing.md) has a rule "
        "of thumb.",
        "## What was measured",
        f"[The load test](../benchmarks/load.md) ran on {facts['machine']}.",
        f"- A photo of its mix ({facts['megapixels']:.3f} megapixels on the average) took {facts['cpu']:.2f} CPU "
        f"seconds of bot and model server: **{3600 / facts['cpu']:,.0f} photos an hour for a core**."
        f"{_warning(shares)}\n"
        f"- A GPU: {gpu} ([its page](../benchmarks/gpu.md)).\n"
        f"- The simulation ([`benchmarks/queueing.py`](../benchmarks/queueing.py)) was off by {min(off):.0%} to "
        f"{max(off):.0%} at p50 and p95 of the three loads; the aim is at most {load_report.AGREES:.0%}.",
        "## For more people",
        f"Assumed, and easily changed at the head of [`benchmarks/capacity.py`](../benchmarks/capacity.py): each "
        f"person shares {PHOTOS_A_WEEKDAY:g} photos on a weekday; {BUSIEST_HOUR:.0%} of a day's come in its busiest "
        f"hour; photos are as measured; 95 of 100 are to be answered within {WAIT:.0f} s; an hour of a core costs "
        f"${PRICE}; a photo makes {TRANSACTIONS} transactions. The simulation looks for the fewest cores, of model "
        "servers and bots together, each as fast as one of the machine above. There are at least two bots, so that "
        f"one may end, each with `LIMIT_ENHANCING_AT_ONCE={2 * PAIRS_A_BOT}`.",
        table(head, rows(facts, sizes)),
        "## With larger photos",
        "The photos of that load are small, so that a slow machine could be overloaded with them. Larger ones were "
        "timed on each kind of processor ([One photo](benchmarking.md#the-projects-pages)). With that, the same people "
        f"and the same simulation, where every photo has one size. 95 of 100 are to be answered within {WAIT:.0f} s, "
        f"or within {SLOW:g} times what one takes alone where that is longer.",
        table(
            ("processor", "core s/Mpx", "megapixels", "people", "cores", "bots", "95 of 100 within", "a month"),
            larger_rows(facts),
        ),
        "## What breaks first",
        "1. **The cores of the model servers**, and with a queue instead of an error: people wait longer, and are "
        "told how long. Add servers behind the same name.\n"
        "2. **Slack's limits for one workspace**, which no machine can raise: about one message a second in a "
        "channel and fifty status lines a minute. Replies come all the same; status lines are left out.\n"
        "3. **Socket Mode's ten connections**: more bots than that take events over HTTP.\n"
        "4. **The database**, last: one PostgreSQL does thousands of such transactions a second, and a bot at rest "
        "costs it [fewer than nine](reliability.md).",
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
    print(PAGE)
