"""The served graph as Triton's backend runs it on this CPU, without Triton, to measure against it."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.serving import newest

ROOT = Path(__file__).resolve().parents[1]
BACKEND = ROOT / "serving" / "onnxruntime"


def served_graph(threads: int, cores: int, engine: str = "cpu") -> Callable[[Sequence[np.ndarray]], object]:
    """Takes pictures, UINT8 [H, W, 3] each, and enlarges as many at once as `cores` allow, each by so many threads.

    `engine` is "cpu" for the one that is served here, or its name.
    """
    sys.path.insert(0, str(BACKEND))
    import engines  # pyright: ignore[reportMissingImports] - from the folder that Triton loads

    loaded, _ = engines.cpu_engine(engine, newest(ROOT / "model_repository") / "model.onnx")
    loaded.prepare(threads, cores, batched=True)
    return lambda pictures: loaded.run([{"image": picture[None]} for picture in pictures])
