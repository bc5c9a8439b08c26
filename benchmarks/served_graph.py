"""The served graph as Triton's backend runs it on this CPU, without Triton, to measure against it."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks import machine
from serving.repository import MODEL

ROOT = Path(__file__).resolve().parents[1]
BACKEND = ROOT / "serving" / "onnxruntime"


Run = Callable[[Sequence[np.ndarray]], list[np.ndarray]]


def served_graph(threads: int, cores: int, engine: str = "cpu", file: str = MODEL) -> Run:
    """Takes pictures, UINT8 [H, W, 3] each, and gives them four times as large, UINT8 [4H, 4W, 3], until the next call.

    As many are enlarged at once as `cores` allow, each by so many threads. `engine` is "cpu" for the one that is served
    here, or its name. `file` is that of the graph in its version's folder.
    """
    sys.path.insert(0, str(BACKEND))
    import engines  # pyright: ignore[reportMissingImports] - from the folder that Triton loads

    loaded, _ = engines.cpu_engine(engine, machine.served_version() / file)
    # OpenVINO gives the thread that compiles a stack for signal handlers, and leaves it with one that is unmapped where
    # two models end in the order of their beginning: the next signal that is handled would end this process.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(loaded.prepare, threads, cores, batched=True).result()

    def run(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        answers = loaded.run([{"image": picture[None]} for picture in pictures])
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return [answer["enhanced"][0] for answer in answers]

    return run
