"""A tile's way to Triton and back: through the socket, or through system shared memory on the same host.

usage: python -m benchmarks.transport [--tiles N] [--output FOLDER]

The two ways take turns tile by tile, from the Python client that the bot uses, so that both meet the same machine. CPU
time counts: it says what a way costs whatever else runs.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import shared_memory

from benchmarks import baselines, machine, report, script
from benchmarks.serving import Server, own_server

SIZES = (128, 248)  # the second is the largest tile that the bot sends
SECONDS = 30


@dataclass(frozen=True)
class Way:
    """Milliseconds a tile: the median by the clock, and CPU time of client, tritonserver and stub."""

    size: int
    transport: str
    clock: float
    client: float
    server: float
    stub: float


def socket(client: triton.InferenceServerClient, tile: np.ndarray) -> Callable[[], np.ndarray]:
    """The pixels in the messages themselves."""

    def send() -> np.ndarray:
        image = triton.InferInput("image", list(tile.shape), "UINT8")
        image.set_data_from_numpy(tile)
        result = client.infer(
            "enhancer", [image], outputs=[triton.InferRequestedOutput("enhanced")], client_timeout=SECONDS
        )
        return np.asarray(result.as_numpy("enhanced") if result else None)

    return send


def shared(
    client: triton.InferenceServerClient, tile: np.ndarray, stack: ExitStack, key: dict[str, str]
) -> Callable[[], np.ndarray]:
    """The pixels in two regions, which are made once."""
    count, height, width, _ = tile.shape
    shape = (count, 4 * height, 4 * width, 3)
    regions = []
    for name, size in (("way-in", tile.nbytes), ("way-out", 16 * tile.nbytes)):
        region = shared_memory.create_shared_memory_region(name, f"/enhancer-{name}", size)
        stack.callback(shared_memory.destroy_shared_memory_region, region)
        client.register_system_shared_memory(name, f"/enhancer-{name}", size, headers=key, client_timeout=SECONDS)
        stack.callback(client.unregister_system_shared_memory, name, headers=key, client_timeout=SECONDS)
        regions.append(region)

    def send() -> np.ndarray:
        shared_memory.set_shared_memory_region(regions[0], [tile])
        image = triton.InferInput("image", list(tile.shape), "UINT8")
        image.set_shared_memory("way-in", tile.nbytes)
        wanted = triton.InferRequestedOutput("enhanced")
        wanted.set_shared_memory("way-out", 16 * tile.nbytes)
        client.infer("enhancer", [image], outputs=[wanted], client_timeout=SECONDS)
        # Copied, because the region is the next tile's: what the socket's way does too.
        return shared_memory.get_contents_as_numpy(regions[1], np.uint8, shape).copy()

    return send


def compare(server: Server, size: int, tiles: int) -> list[Way]:
    tile = baselines.noise(size)
    key = {"triton-grpc-protocol-admin-key": server.key}
    family = {"client": [], "server": server.tritonserver, "stub": server.stubs}
    with triton.InferenceServerClient(server.address) as client, ExitStack() as stack:
        ways = {"socket": socket(client, tile), "shared memory": shared(client, tile, stack, key)}
        one, other = (send() for send in ways.values())
        if not np.array_equal(one, other):
            sys.exit("benchmarks.transport: the two ways gave different pixels")
        clock: dict[str, list[float]] = {name: [] for name in ways}
        cpu = {name: dict.fromkeys(family, 0.0) for name in ways}
        for _ in range(tiles):
            for name, send in ways.items():
                before = spent(family)
                begin = time.perf_counter()
                send()
                clock[name].append(time.perf_counter() - begin)
                for who, seconds in spent(family).items():
                    cpu[name][who] += seconds - before[who]
    return [
        Way(size, name, 1e3 * statistics.median(clock[name]), *(1e3 * cpu[name][who] / tiles for who in family))
        for name in ways
    ]


def spent(family: dict[str, list]) -> dict[str, float]:
    """CPU seconds so far; of this process to the microsecond, of others to the hundredth."""
    return {who: machine.cpu_seconds(them) if them else time.process_time() for who, them in family.items()}


def markdown(ways: list[Way], tiles: int) -> str:
    rows = (
        (str(way.size), way.transport, *(f"{value:.1f}" for value in (way.clock, way.client, way.server, way.stub)))
        for way in ways
    )
    return (
        "\n\n".join(
            [
                "# Transport on one host",
                "Made by `python -m benchmarks.transport`; change nothing by hand.",
                f"Machine: {machine.describe()}.",
                f"{tiles} tiles each way, one at a time, by turns. Milliseconds a tile.",
                report.table(("tile", "transport", "clock", "CPU client", "CPU tritonserver", "CPU stub"), rows),
            ]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="transport.py", description="Compare the socket with shared memory.")
    parser.add_argument("--tiles", type=int, default=100, help="each way (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=machine.folder(), metavar="FOLDER", help="default: %(default)s")
    options = parser.parse_args()
    with own_server() as server:
        ways = [way for size in SIZES for way in compare(server, size, options.tiles)]
    options.output.mkdir(parents=True, exist_ok=True)
    report.write_csv(options.output / "transport.csv", ways)
    (options.output / "transport.md").write_text(markdown(ways, options.tiles))
    print((options.output / "transport.md").read_text())


if __name__ == "__main__":
    script.run(main)
