"""Measure the server with perf_analyzer, beside bare loops over the same work in the same run.

usage: python -m benchmarks.serving [--rounds N] [--output FOLDER]

Every round measures everything once, so that a machine that slows down slows all of it; tables show the median round.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import tritonclient.grpc as triton

from benchmarks import baselines, machine, perf_analyzer, report
from benchmarks.perf_analyzer import CannotMeasure, Load, Unstable
from benchmarks.report import Bare, Served
from serving import model_control, run_with_server, wheel
from serving.errors import CannotServe

TILE = 256
CONCURRENCY = (1, 2, 4, 8)
SIZES = (128, 384, 512)
IN_FLIGHT = 2
"""Requests under way in the comparison with the bare loop."""


@dataclass(frozen=True)
class Server:
    """A running server, and its processes where they are ours to watch."""

    address: str
    launcher: int | None = None
    key: str = ""
    """of its model control and shared memory"""

    @property
    def tritonserver(self) -> list[psutil.Process]:
        return [process for process in self._family() if process.name() == "tritonserver"]

    @property
    def stubs(self) -> list[psutil.Process]:
        return [process for process in self._family() if process.name() != "tritonserver"]

    def _family(self) -> list[psutil.Process]:
        return psutil.Process(self.launcher).children(recursive=True) if self.launcher else []


@contextmanager
def own_server() -> Iterator[Server]:
    """One of our own, on free ports."""
    key = model_control.new_key()
    with run_with_server.own_server("--restarts=0", environment={model_control.KEY: key}) as (process, ready):
        address = run_with_server.grpc_address(ready)
        if not address:
            raise CannotServe("no server, so nothing to measure")
        yield Server(address, process.pid, key)


def counts(address: str) -> tuple[int, int]:
    """Images and executions so far."""
    with triton.InferenceServerClient(address) as client:
        model: Any = client.get_inference_statistics("enhancer", client_timeout=10)
        return model.model_stats[0].inference_count, model.model_stats[0].execution_count


def served(program: Path, found: wheel.Wheel, server: Server, load: Load, stability: int, bare: float) -> Served:
    """One load through the server, which cannot do more than `bare` tiles a second. Raises Unstable."""
    window = max(perf_analyzer.WINDOW, (load.concurrency + 4) / bare)  # some are whole in it, on a slow machine too
    images, executions = counts(server.address)
    inside, front = server.stubs, server.tritonserver
    with machine.watch(inside) as stubs, machine.watch(front) as tritonserver, machine.watch([]) as all_others:
        answer = perf_analyzer.run(program, found, server.address, load, stability, server.key, window)
    more_images, more_executions = counts(server.address)
    count = more_images - images
    return Served(
        **asdict(load),
        **asdict(answer),
        batch=count / (more_executions - executions),
        stub_cpu=1e3 * stubs.cpu / count,
        server_cpu=1e3 * tritonserver.cpu / count,
        others=max(0.0, all_others.others - (stubs.cpu + tritonserver.cpu) / all_others.seconds),
    )


def bare(seconds: float, sizes: tuple[int, ...], model: Path, operations: int) -> Iterator[Bare]:
    """Everything that the server is measured against, on all cores."""
    cores = machine.cores()

    def measured(name: str, size: int, found: baselines.Rate) -> Bare:
        return Bare(name, size, found.per_second, found.cpu_ms, found.per_second * 2e-12 * operations * size**2)

    with machine.watch([]) as busy:
        top = baselines.peak(cores, seconds)
    yield Bare(report.PEAK, 0, 0, top.cpu_ms, top.per_second, busy.others)
    for size in sizes:
        with machine.watch([]) as busy:
            found = baselines.rate(baselines.graph, size, processes=cores, seconds=seconds)
        yield replace(measured(report.LOOP, size, found), others=busy.others)
    for name, processes, prepare, arguments in (
        (report.TOGETHER, 1, baselines.graph, (TILE, cores)),
        (report.FLOAT, cores, baselines.openvino_float, (model, TILE)),
        (report.ONNX_RUNTIME, cores, baselines.onnx_runtime, (model, TILE)),
        (report.BICUBIC, cores, baselines.bicubic, (TILE,)),
    ):
        with machine.watch([]) as busy:
            found = baselines.rate(prepare, *arguments, processes=processes, seconds=seconds)
        entry = measured(name, TILE, found)
        yield replace(entry, others=busy.others, tera=0 if name == report.BICUBIC else entry.tera)


def loads() -> list[Load]:
    """Concurrency at one size, then sizes at one concurrency, then shared memory instead of the socket."""
    return [
        *(Load(TILE, concurrency) for concurrency in CONCURRENCY),
        *(Load(size, IN_FLIGHT) for size in SIZES),
        Load(TILE, IN_FLIGHT, shared_memory=True),
    ]


def measure(options: argparse.Namespace) -> tuple[list[Bare], list[Served]]:
    """All rounds."""
    found = wheel.find()
    program = perf_analyzer.find(options.perf_analyzer)
    version = machine.served_version()
    operations = json.loads((version / "export.json").read_text())["operations"]
    sizes = tuple(sorted({TILE, *SIZES}))
    around: list[Bare] = []
    through: list[Served] = []
    with own_server() if not options.url else _given(options.url) as server:
        for number in range(1, options.rounds + 1):
            print(f"round {number} of {options.rounds}: bare loops", file=sys.stderr, flush=True)
            around += bare(options.seconds, sizes, version / "model.onnx", operations)
            for load in loads():
                print(f"round {number} of {options.rounds}: {load}", file=sys.stderr, flush=True)
                most = report.fastest_loop(around, load.size).tiles_per_second
                through += _tried(
                    3, lambda load=load, most=most: served(program, found, server, load, options.stability, most)
                )
    had = {Load(row.size, row.concurrency, row.shared_memory) for row in through}
    if missing := [load for load in loads() if load not in had]:
        raise CannotMeasure(f"the machine did other things all the time: no figures that agree of {missing[0]}")
    through.sort(key=lambda row: loads().index(Load(row.size, row.concurrency, row.shared_memory)))
    return around, through


def _tried(times: int, measured: Callable[[], Served]) -> list[Served]:
    """What is measured, or nothing where the machine was never quiet for so long: other rounds make up for it."""
    for _ in range(times):
        try:
            return [measured()]
        except Unstable as reason:
            print(f"  {reason}", file=sys.stderr, flush=True)
    return []


@contextmanager
def _given(address: str) -> Iterator[Server]:
    yield Server(address)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving",
        description="Measure the server beside bare loops; write tables and a plot.",
    )
    parser.add_argument("--url", metavar="HOST:PORT", help="gRPC address of a running server (default: one of its own)")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s, of some three minutes each")
    parser.add_argument("--seconds", type=float, default=5, help="for each bare loop (default: %(default)s)")
    parser.add_argument(
        "--stability", type=int, default=20, metavar="PERCENT", help="within which windows agree (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, default=machine.folder(), metavar="FOLDER", help="default: %(default)s")
    parser.add_argument(
        "--perf-analyzer",
        type=Path,
        default=perf_analyzer.INSTALLED,
        metavar="FOLDER",
        help="where `make benchmark` puts it (default: in the virtual environment)",
    )
    return parser


def main() -> None:
    options = arguments().parse_args()
    machine.as_served()
    try:
        around, through = measure(options)
    except CannotServe as error:
        sys.exit(f"benchmarks.serving: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    report.write(options.output, machine.describe(), around, through)
    print((options.output / "serving.md").read_text())


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
