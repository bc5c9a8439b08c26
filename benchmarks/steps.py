"""From share to reply: how long each step of the real bot takes, for photos of several sizes, and what the graph takes.

usage: python -m benchmarks.steps [--sizes MP,MP,...] [--output FOLDER]

The steps are the spans of the bot's own traces. The graph is Triton's own statistics: how long its runs took, divided
by the instances that run at a time. What else there is, is measured against it. Rows of other kinds of CPU stay.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tritonclient.grpc as triton

from benchmarks import machine, report, script
from benchmarks.load import Stack, stack
from benchmarks.load_people import photo
from benchmarks.otlp import Receiver, Span
from slackbot.limits import ServerLimits

ROOT = Path(__file__).resolve().parents[1]
SIZES = {0.3: (640, 480), 1.0: (1152, 864), 4.0: (2304, 1728), 12.0: (4000, 3000), 24.0: (5712, 4284)}
"""Megapixels, and sides of the photo."""
STEPS = ("event", "download", "decode", "tiles", "encode", "reply")
_LONGEST = 1800.0  # seconds until a photo's reply


@dataclass(frozen=True)
class Steps:
    """One photo. All in seconds."""

    cpu: str
    megapixels: float
    event: float
    download: float
    decode: float
    tiles: float
    encode: float
    reply: float
    whole: float
    """from the share to the end of the reply"""
    graph: float
    others: float
    """cores that other programs kept busy meanwhile"""

    @property
    def around(self) -> float:
        """What is not the graph."""
        return self.whole - self.graph


def graph_seconds(address: str) -> float:
    """How long all runs of the graph took so far; one run is of all tiles that Triton merged."""
    with triton.InferenceServerClient(address) as client:
        statistics: Any = client.get_inference_statistics("enhancer", client_timeout=10)
        return sum(batch.compute_infer.ns for batch in statistics.model_stats[0].batch_stats) / 1e9


def measure(stack: Stack, receiver: Receiver, size: tuple[int, int], seed: int) -> Steps:
    """Share one photo, and wait for its reply and its trace."""
    receiver.spans.clear()
    content = photo(*size, seed=seed)
    before = graph_seconds(stack.server.address)
    with machine.watch(stack.processes) as spent:
        begin = time.time()
        message = stack.workspace.post("#photos", f"<@{stack.workspace.bot_user}>", [("photo.jpg", content)])
        stack.workspace.wait_for_replies(message, seconds=_LONGEST)
    graph = (graph_seconds(stack.server.address) - before) / ServerLimits().tiles_at_once
    spans = _spans(receiver)
    return Steps(
        cpu=machine.kind(machine.describe()),
        megapixels=round(size[0] * size[1] / report.MEGAPIXEL, 1),
        **{step: sum(span.end - span.begin for span in spans if span.name == step) for step in STEPS},
        whole=max(span.end for span in spans if span.name == "reply") - begin,
        graph=graph,
        others=spent.others,
    )


def _spans(receiver: Receiver, seconds: float = 30) -> Sequence[Span]:
    """All of the photo's, once the last of them came: they are sent some seconds after they end."""
    ends = time.monotonic() + seconds
    while not receiver.of("reply"):
        if time.monotonic() > ends:
            sys.exit("benchmarks.steps: the bot sent no trace")
        time.sleep(0.2)
    return list(receiver.spans)


def markdown(rows: Sequence[Steps]) -> str:
    """The page, with a table for each kind of CPU."""
    parts = [
        "# From share to reply",
        "Made by `python -m benchmarks.steps`; change nothing by hand.",
        "A JPEG that somebody shares in the playground, with the real bot and a real Triton on one machine; seconds of "
        "each step, from its trace. The graph: Triton's own inference time, divided by its instances. Beside it: all "
        "the rest of the time from the share to the reply; the aim is at most 25 % of the whole from 1 megapixel on, "
        "and at most 0.5 s below.",
    ]
    return "\n\n".join([*parts, *report.by_kind(rows, _table)]) + "\n"


def _table(rows: Sequence[Steps]) -> str:
    head = ("megapixels", *STEPS, "whole", "the graph", "beside it", "of the whole", "others, cores")
    return report.table(head, map(_row, sorted(rows, key=lambda row: row.megapixels)))


def _row(row: Steps) -> tuple[str, ...]:
    steps = [f"{getattr(row, step):.2f}" for step in STEPS]
    whole = (f"{row.whole:.2f}", f"{row.graph:.2f}", f"{row.around:.2f}", f"{row.around / row.whole:.0%}")
    return (f"{row.megapixels:g}", *steps, *whole, f"{row.others:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="steps.py", description="Time each step from share to reply.")
    given = ",".join(f"{size:g}" for size in SIZES)
    parser.add_argument("--sizes", default=given, metavar="MP,...", help="megapixels (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks", metavar="FOLDER")
    options = parser.parse_args()
    try:
        sizes = [SIZES[float(one)] for one in options.sizes.split(",")]
    except (KeyError, ValueError):
        parser.error(f"--sizes takes some of {given}")
    receiver, rows = Receiver(), list[Steps]()
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.address, "OTEL_BSP_SCHEDULE_DELAY": "500"}
    with tempfile.TemporaryDirectory() as scratch, receiver.running(), stack(Path(scratch), settings) as running:
        measure(running, receiver, SIZES[0.3], seed=0)  # imports, kernels, caches
        for number, size in enumerate(sizes, 1):
            rows.append(measure(running, receiver, size, number))
            print(" ".join(_row(rows[-1])), file=sys.stderr, flush=True)
    report.write_kind(options.output, "steps", rows, markdown)


if __name__ == "__main__":
    script.run(main)
