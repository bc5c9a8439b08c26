"""What a training will take, found out before it begins: how precise, how many steps fit into the minutes."""

import os
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from training import distributed
from training.dataset import Pairs
from training.generator import Generator
from training.loop import StoppedError, train
from training.reporting import Report
from training.stage import Stage

TRIED, TRIED_SECONDS = 10, 20.0
"""Steps that are tried to find out how long one takes, and seconds after which no more are"""


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 there. On CPUs that only imitate it, it takes many times as long."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


@dataclass
class _Watch(Report):
    """Notes when each step ended, and writes nothing."""

    times: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.every = 1

    def begin(self, step: int) -> None:
        del step

    def step(self, step: int, values: dict[str, float]) -> None:
        del step
        self.recent = values
        self.times.append(time.perf_counter())

    def evaluate(self, step: int, network: torch.nn.Module) -> None:
        del step, network

    def draw_curves(self) -> None:
        """Also of a stage that diverges there are none."""

    def is_enough(self) -> bool:
        """The first step is left out: it builds what the others use."""
        return len(self.times) >= 3 and self.times[-1] - self.times[0] > TRIED_SECONDS


def seconds_a_step(stage: Stage, pairs: Pairs, start: Generator, **options: Any) -> float:
    """By trying a few and throwing the result away; `options` are `train`'s. Of several processes, the slowest's."""
    with tempfile.TemporaryDirectory() as folder:
        watch = _Watch(Path(folder))
        options |= {"start": start, "stop": watch.is_enough, "quiet": True}
        with suppress(StoppedError):
            train(replace(stage, steps=TRIED + 1), pairs, Path(folder), watch, **options)
    took = [after - before for before, after in zip(watch.times, watch.times[1:], strict=False)]
    return distributed.largest(statistics.median(took or [0.0]))


@contextmanager
def asked_to_stop() -> Iterator[list[int]]:
    """A list that is empty until somebody presses Ctrl-C, or SIGTERM comes; the second time breaks off at once."""
    signals: list[int] = []
    teller = os.getpid() if distributed.is_first() else 0  # workers may get it, too, as they begin

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        if signals:
            raise KeyboardInterrupt
        signals.append(number)
        if os.getpid() == teller:  # through no stream: the signal may have come in the middle of writing to it
            os.write(2, b"\nStopping: finishing this step, then saving. Once more ends it at once, unsaved.\n")

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
