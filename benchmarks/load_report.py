"""What people noticed of a load, as a page and a plot: `load.md` and `load.png`.

`python -m benchmarks.load_report` writes both anew from load.csv and load.json.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import csv
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import queueing
from benchmarks.load_people import SIZES, Share
from benchmarks.report import table

FOLDER = Path(__file__).parent
LOADS = {"half": "half of the capacity", "full": "the capacity", "twice": "twice the capacity"}
_WITHOUT = (
    " **{} were enlarged without the model**, because its server did not answer in time or was left alone after that: "
    "they are quicker, and the simulation knows nothing of them."
)
PERCENTILES = (50, 95, 99)
AGREES = 0.2
"""How far the simulation may be off."""


def of_load(name: str, shares: Sequence[Share]) -> list[Share]:
    return [share for share in shares if share.load == name]


def percentiles(seconds: Sequence[float]) -> list[float]:
    return [float(one) for one in np.percentile(np.asarray(seconds), PERCENTILES)]


def told_true(share: Share) -> bool:
    """Whether the wait that the person was told is within a factor of two of the one that came.

    Nobody is told of less than a minute, so a minute is true of all that is shorter.
    """
    came = (share.seconds - share.told_after) / 60
    return (share.told_minutes == 1 or share.told_minutes / 2 <= came) and came <= 2 * share.told_minutes


def line(name: str, shares: Sequence[Share]) -> str:
    """One load in a line, for whoever waits."""
    mine = of_load(name, shares)
    return f"{name}: {len(mine)} photos, " + ", ".join(f"{one:.1f} s" for one in percentiles([s.seconds for s in mine]))


def simulated(facts: dict[str, Any], shares: Sequence[Share]) -> np.ndarray:
    """What the simulation says of the seconds that these photos take."""
    machine = queueing.Machine(**facts["model"])
    ordered = sorted(shares, key=lambda share: share.at)
    at, megapixels, people = zip(*((one.at, one.megapixels, one.person) for one in ordered), strict=True)
    return queueing.simulate(machine, at, megapixels, people)


def write(folder: Path, facts: dict[str, Any], shares: Sequence[Share]) -> None:
    """Both files."""
    (folder / "load.md").write_text(markdown(facts, shares))
    plot(folder / "load.png", facts, shares)


def markdown(facts: dict[str, Any], shares: Sequence[Share]) -> str:
    smaller = facts["smaller"]
    mix = ", ".join(f"{share} % of {width // smaller} × {height // smaller}" for width, height, share in SIZES)
    note = f" (sides divided by {smaller}, since this machine is slow)" if smaller > 1 else ""
    bicubic = sum(share.bicubic for share in shares)
    lost = sum(share.replies != 1 for share in shares)
    return (
        "\n\n".join(
            [
                "# Load",
                "Made by `python -m benchmarks.load` (`make loadtest`); change nothing by hand.",
                f"Machine: {facts['machine']}. Playground, bot and Triton shared it, and other programs kept "
                f"{facts['others']:.2f} cores busy.",
                f"{facts['people']} simulated people share photos by mentioning the bot, each whenever they like (an "
                f"open load, Poisson), {facts['seconds']:.0f} s each time: {mix}{note}. Photos that were shared all at "
                f"once came back at **{facts['capacity']:.2f} a second**, the capacity; one cost {facts['cpu']:.2f} "
                "CPU seconds of bot and server. Seconds are from the share to the reply.",
                table(("load", "photos", "p50 s", "p95 s", "p99 s", "lost", "bicubic", "declined"), _rows(shares)),
                f"Of {len(shares)} photos {lost or 'none'} had another number of replies than one."
                + (_WITHOUT.format(bicubic) if bicubic else ""),
                _truth(shares),
                "![Seconds to the reply at each load, measured and simulated](load.png)",
                "## The simulation",
                "[`benchmarks/queueing.py`](queueing.py) gets the capacity, the times of photos that came alone, and "
                f"the same moments, sizes and people. It should be within {AGREES:.0%}. "
                "[Capacity](../docs/capacity.md) builds on it.",
                table(("load", "p50 s", "simulated", "off", "p95 s", "simulated", "off"), _compared(facts, shares)),
            ]
        )
        + "\n"
    )


def _rows(shares: Sequence[Share]) -> Iterator[tuple[str, ...]]:
    for name, words in LOADS.items():
        mine = of_load(name, shares)
        figures = (f"{one:.1f}" for one in percentiles([share.seconds for share in mine]))
        counts = (sum(not s.replies for s in mine), sum(s.bicubic for s in mine), sum(s.declined for s in mine))
        yield words, str(len(mine)), *figures, *map(str, counts)


def _truth(shares: Sequence[Share]) -> str:
    told = [share for share in shares if share.load in LOADS and not math.isnan(share.told_minutes)]
    true = sum(map(told_true, told))
    if not told:
        return "Nobody had to be told how long it takes."
    return (
        f"{len(told)} people were told how long it takes (the first status line that says so); for {true} of them "
        f"({true / len(told):.0%}) that was true within a factor of two."
    )


def _compared(facts: dict[str, Any], shares: Sequence[Share]) -> Iterator[tuple[str, ...]]:
    for name, words in LOADS.items():
        mine = of_load(name, shares)
        measured, found = percentiles([one.seconds for one in mine]), percentiles(list(simulated(facts, mine)))
        cells = [(f"{a:.1f}", f"{b:.1f}", f"{b / a - 1:+.0%}") for a, b in zip(measured[:2], found[:2], strict=True)]
        yield words, *cells[0], *cells[1]


def off(facts: dict[str, Any], shares: Sequence[Share]) -> list[float]:
    """By which part the simulation is off, at p50 and p95 of each load."""
    found = []
    for name in LOADS:
        mine = of_load(name, shares)
        measured, said = percentiles([one.seconds for one in mine]), percentiles(list(simulated(facts, mine)))
        found += [abs(b / a - 1) for a, b in zip(measured[:2], said[:2], strict=True)]
    return found


def plot(path: Path, facts: dict[str, Any], shares: Sequence[Share]) -> None:
    """How many photos took at most so long."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 3.5), layout="constrained")
    for number, (name, words) in enumerate(LOADS.items()):
        mine = of_load(name, shares)
        up = 100 * np.arange(1, len(mine) + 1) / len(mine)
        axes.step(sorted(share.seconds for share in mine), up, where="post", color=f"C{number}", label=words)
        axes.step(sorted(simulated(facts, mine)), up, where="post", color=f"C{number}", linestyle=":")
    axes.set(xlabel="seconds from the share to the reply (dotted: simulated)", ylabel="% of the photos", ylim=(0, 101))
    axes.set_xlim(0, None)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def read(folder: Path = FOLDER) -> tuple[dict[str, Any], list[Share]]:
    """What `benchmarks.load` measured."""
    with (folder / "load.csv").open(newline="") as file:
        shares = [
            Share(
                load=row["load"],
                person=row["person"],
                replies=int(row["replies"]),
                bicubic=row["bicubic"] == "True",
                declined=row["declined"] == "True",
                **{name: float(row[name]) for name in ("at", "megapixels", "seconds", "told_minutes", "told_after")},
            )
            for row in csv.DictReader(file)
        ]
    return json.loads((folder / "load.json").read_text()), shares


if __name__ == "__main__":
    write(FOLDER, *read())
