"""One photo's way through `python -m slackbot enhance`, beside the bare graph; and the memory of a large one.

usage: python benchmarks/photo.py PHOTO [--runs N] [--output FOLDER]

The whole process counts, from its start to its end, with Triton already up. Beside it: the graph in OpenVINO on the
same pixels, on all cores and without tiles, plus decoding and encoding as the bot does them.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

if __package__ in (None, ""):  # run as a script: the project, not this folder, is where imports start
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from serving import figures, machine
from serving.benchmark import Server, newest, own_server
from slackbot.limits import Limits
from slackbot.photo import open_photo, save_photo

ROOT = Path(__file__).resolve().parents[1]
SMALL, LARGE = (1024, 768), (2304, 1728)
BOUND = 1.25
MB = 1e6
IMPORTS = "import slackbot.cli, slackbot.command, slackbot.enhance, slackbot.triton"
# Python keeps what it compiled, as it does unless told otherwise; the allocator's settings are the server's alone.
NOT_THE_BOTS = ("PYTHONDONTWRITEBYTECODE", "GLIBC_TUNABLES")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in NOT_THE_BOTS}


@dataclass(frozen=True)
class Way:
    """Seconds, the smallest and the median of the runs, and CPU seconds of all processes."""

    what: str
    fastest: float
    median: float
    cpu: float


@dataclass
class Peak:
    """The most memory that processes held together, in MB."""

    bot: float = 0
    server: float = 0


def enhance(photo: Path, result: Path, address: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "slackbot",
        "enhance",
        str(photo),
        "-o",
        str(result),
        "--force",
        "--triton",
        address,
    ]
    return subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finished(process: subprocess.Popen[str]) -> None:
    said, _ = process.communicate()
    if process.returncode or "model version" not in said:
        sys.exit(f"photo.py: the bot did not use the model: {said}")


def times(what: str, work: Callable[[], object], runs: int, watched: list[psutil.Process]) -> Way:
    seconds, begin_cpu = [], machine.cpu_seconds(watched) + sum(os.times()[:4])
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    cpu = machine.cpu_seconds(watched) + sum(os.times()[:4]) - begin_cpu
    return Way(what, min(seconds), statistics.median(seconds), cpu / runs)


def bare(path: Path, pixels: np.ndarray, cores: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """The graph on all pixels: in one piece on all cores, and in as many strips as cores, one thread each."""
    import openvino

    def request(threads: int):
        settings = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads}
        settings["ENABLE_CPU_PINNING"] = False
        return openvino.Core().compile_model(path, "CPU", settings).create_infer_request()

    whole = request(cores)
    yield "the bare graph, in one piece", lambda: whole.infer([pixels[None]], share_inputs=True)
    strips = [np.ascontiguousarray(strip[None]) for strip in np.array_split(pixels, cores)]
    requests = [request(1) for _ in strips]
    pool = ThreadPoolExecutor(cores)

    def at_once() -> None:
        list(pool.map(lambda pair: pair[0].infer([pair[1]], share_inputs=True), zip(requests, strips, strict=True)))

    yield "the bare graph, a strip for each core", at_once


def ways(server: Server, photo: Path, folder: Path, runs: int) -> list[Way]:
    limits, family = Limits(), [*server.tritonserver, *server.stubs]
    opened = open_photo(photo, limits)
    pixels = np.asarray(opened.image)
    enlarged = replace(opened, image=opened.image.resize((4 * opened.image.width, 4 * opened.image.height)))
    result = folder / "result.jpg"
    jobs: list[tuple[str, Callable[[], object]]] = [
        ("`python -m slackbot enhance`, the whole process", lambda: finished(enhance(photo, result, server.address))),
        ("Python's start and the imports alone", lambda: subprocess.run(
            [sys.executable, "-c", IMPORTS],
            cwd=ROOT, env=ENVIRONMENT, check=True)),
        *bare(newest(ROOT / "model_repository") / "model.onnx", pixels, machine.cores()),
        ("decoding", lambda: open_photo(photo, limits)),
        ("encoding", lambda: save_photo(enlarged, folder / "encoded.jpg")),
    ]  # fmt: skip
    for _, work in jobs:
        work()  # kernels, caches, imports: once before the clock runs
    return [times(what, work, runs, family) for what, work in jobs]


@contextmanager
def watched(bot: psutil.Process, server: list[psutil.Process], peak: Peak) -> Iterator[None]:
    """Look every 50 ms: pages that processes share are counted once (PSS)."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            with suppress(psutil.Error):  # it has ended
                peak.bot = max(peak.bot, bot.memory_full_info().pss / MB)
            peak.server = max(peak.server, sum(process.memory_full_info().pss for process in server) / MB)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def memory(server: Server, photo: Path, folder: Path) -> Peak:
    peak = Peak()
    process = enhance(photo, folder / "large.jpg", server.address)
    with watched(psutil.Process(process.pid), [*server.tritonserver, *server.stubs], peak):
        finished(process)
    return peak


def markdown(found: list[Way], peak: Peak, others: float) -> str:
    at = {way.what: way for way in found}
    whole, start, piece, strips, decoding, encoding = found
    graph = min((piece, strips), key=lambda way: way.median)
    beside = graph.median + decoding.median + encoding.median
    at_best = whole.fastest / (graph.fastest + decoding.fastest + encoding.fastest)
    limits = Limits()
    return (
        "\n\n".join(
            [
                "# One photo",
                "Made by `python benchmarks/photo.py`; change nothing by hand.",
                f"Machine: {machine.describe()}. Other programs kept {others:.2f} cores busy.",
                f"A JPEG of {SMALL[0]}x{SMALL[1]}, tiles of at most {limits.tile} with overlap {limits.overlap}: the "
                f"whole process took **{whole.median / beside:.2f} times** the bare graph plus decoding and encoding "
                f"({whole.median:.2f} s against {beside:.2f} s, medians; the aim is {BOUND}), "
                f"or {at_best:.2f} by the fastest run of each. Without Python's start and imports: "
                f"{(whole.median - start.median) / beside:.2f} times.",
                figures.table(
                    ("what", "fastest s", "median s", "CPU s"),
                    ((way.what, f"{way.fastest:.3f}", f"{way.median:.3f}", f"{way.cpu:.2f}") for way in at.values()),
                ),
                f"A JPEG of {LARGE[0]}x{LARGE[1]}: at the peak the bot held {peak.bot:.0f} MB (the aim is 600) "
                f"and the server {peak.server:.0f} MB (the aim is 2000), as PSS, seen every 50 ms.",
            ]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="photo.py", description="Time one photo's whole way, and watch its memory.")
    parser.add_argument("photo", type=Path, help="any photo; it is resized to 1024x768 and 2304x1728")
    parser.add_argument("--runs", type=int, default=7, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks", metavar="FOLDER")
    options = parser.parse_args()
    machine.as_served()
    with tempfile.TemporaryDirectory() as scratch, own_server() as server, Image.open(options.photo) as photo:
        folder = Path(scratch)
        for name, size in (("small.jpg", SMALL), ("large-in.jpg", LARGE)):
            photo.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(folder / name, quality=90)
        with machine.watch([*server.tritonserver, *server.stubs]) as spent:
            found = ways(server, folder / "small.jpg", folder, options.runs)
        peak = memory(server, folder / "large-in.jpg", folder)
    options.output.mkdir(parents=True, exist_ok=True)
    figures.write_csv(options.output / "photo.csv", found)
    (options.output / "photo.md").write_text(markdown(found, peak, spent.others))
    print((options.output / "photo.md").read_text())


if __name__ == "__main__":
    main()
