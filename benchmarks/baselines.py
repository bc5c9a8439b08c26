"""What the server is measured against: bare loops over the same work, one thread each, as many as there are cores."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import machine
from benchmarks.served_graph import served_graph

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    import openvino

Work = Callable[[], object]
START_SECONDS = 120
_start: Barrier
# Chains of matrix products small enough for the caches of a core: (rows, columns, how many).
MATRICES = ((512, 512, 32), (1024, 512, 32), (512, 256, 32), (1024, 1024, 16))


@dataclass(frozen=True)
class Rate:
    """How often a second all processes together did the work, and the CPU time of doing it once, in milliseconds."""

    per_second: float
    cpu_ms: float


def rate(prepare: Callable[..., Work], *arguments: object, processes: int, seconds: float) -> Rate:
    """Do the work that `prepare(*arguments)` returns in `processes` processes at once, for `seconds`."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, initializer=_meet, initargs=(spawn.Barrier(processes),)) as pool:
        each = [pool.submit(_repeat, prepare, arguments, seconds) for _ in range(processes)]
        counts = [one.result() for one in each]
    times = sum(count for count, _, _ in counts)
    return Rate(
        per_second=sum(count / wall for count, wall, _ in counts),
        cpu_ms=1e3 * sum(cpu for _, _, cpu in counts) / times,
    )


def graph(size: int, threads: int = 1) -> Work:
    """The graph by the engine that serves it on this CPU, on one tile of noise."""
    run = served_graph(threads, threads)
    (tile,) = noise(size)
    return lambda: run([tile])


def one_thread(model: openvino.Model | Path, precision: str = "") -> openvino.InferRequest:
    """OpenVINO's way to run a graph on one thread; by default in bfloat16 where the CPU is fast at it, else in f32."""
    import openvino

    settings = {
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": 1,
        "INFERENCE_PRECISION_HINT": precision or ("bf16" if machine.has_bfloat16() else "f32"),
        "ENABLE_CPU_PINNING": False,
    }
    return openvino.Core().compile_model(model, "CPU", settings).create_infer_request()


def openvino_float(path: Path, size: int) -> Work:
    """The served graph in OpenVINO, in float32."""
    run = one_thread(path, "f32")
    tile = noise(size)
    return lambda: run.infer([tile], share_inputs=True, share_outputs=True)


def onnx_runtime(path: Path, size: int) -> Work:
    """The served graph in ONNX Runtime, in float32, its only way on a CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    tile = noise(size)
    return lambda: session.run(None, {"image": tile})


def bicubic(size: int) -> Work:
    """Pillow's bicubic interpolation to four times the size: what the bot falls back to."""
    from PIL import Image

    tile = Image.fromarray(noise(size)[0])
    return lambda: tile.resize((4 * size, 4 * size), Image.Resampling.BICUBIC)


def matrices(rows: int, columns: int, chain: int) -> Work:
    """`chain` products of a (rows, columns) by a (columns, columns) matrix: the arithmetic alone.

    In bfloat16 where the CPU has it, else in float32.
    """
    import openvino
    from openvino import opset13 as operations

    draw = np.random.default_rng(0)
    first = operations.parameter([rows, columns], np.float32)
    last = first
    for _ in range(chain):
        weights = draw.standard_normal((columns, columns), np.float32) / columns**0.5
        last = operations.matmul(last, operations.constant(weights), False, False)
    run = one_thread(openvino.Model([last], [first]))  # pyright: ignore[reportGeneralTypeIssues] - its own stubs disagree
    values = draw.standard_normal((rows, columns), np.float32)
    return lambda: run.infer([values], share_inputs=True, share_outputs=True)


def peak(processes: int, seconds: float) -> Rate:
    """The most operations a second that matrix products reach, over sizes; `per_second` is in TFLOP/s.

    `cpu_ms` is the CPU time of one TFLOP.
    """
    best = Rate(0, 0)
    for rows, columns, chain in MATRICES:
        tera = 2 * chain * rows * columns**2 / 1e12
        found = rate(matrices, rows, columns, chain, processes=processes, seconds=seconds / len(MATRICES))
        if found.per_second * tera > best.per_second:
            best = Rate(found.per_second * tera, found.cpu_ms / tera)
    return best


def noise(size: int) -> np.ndarray:
    """One tile, uint8 (1, size, size, 3)."""
    return np.random.default_rng(size).integers(0, 256, (1, size, size, 3), np.uint8)


def _meet(start: Barrier) -> None:
    global _start  # noqa: PLW0603 - a barrier reaches a process only when the process is made
    _start = start


def _repeat(prepare: Callable[..., Work], arguments: tuple[object, ...], seconds: float) -> tuple[int, float, float]:
    """How often the work was done, the seconds that took, and the CPU seconds."""
    work = prepare(*arguments)
    work()
    _start.wait(START_SECONDS)
    begin, cpu, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begin < seconds:
        work()
        count += 1
    return count, time.perf_counter() - begin, time.process_time() - cpu
