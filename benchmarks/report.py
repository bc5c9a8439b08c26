"""What the benchmark found, written as CSV, as tables in Markdown and as a plot."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

from benchmarks.perf_analyzer import Answer, Load

PEAK = "matrix products, the peak"
LOOP = "the bare graph as served, one thread a core"
TOGETHER = "the bare graph as served, all cores on one tile"
FLOAT = "OpenVINO, fp32, one thread a core"
ONNX_RUNTIME = "ONNX Runtime, fp32, one thread a core"
BICUBIC = "Pillow bicubic, no network at all"
MEGAPIXEL = 1e6


class OfKind(Protocol):
    """A dataclass of figures that names the kind of CPU."""

    @property
    def cpu(self) -> str: ...


Row = TypeVar("Row", bound=OfKind)


@dataclass(frozen=True)
class Bare:
    """One loop on all cores: tiles (size x size) a second, CPU milliseconds a tile, TFLOP/s, cores that others used."""

    name: str
    size: int
    tiles_per_second: float
    cpu: float
    tera: float
    others: float = 0


@dataclass(frozen=True, kw_only=True)
class Served(Answer, Load):
    """One load through Triton, what perf_analyzer measured, and what it cost, CPU in milliseconds a tile."""

    batch: float
    """tiles that ran together, on the average"""
    stub_cpu: float
    server_cpu: float
    others: float


def write(folder: Path, machine: str, bare: Sequence[Bare], served: Sequence[Served]) -> None:
    """Every round as it was in CSV; the medians in serving.md and serving.png."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "serving-bare.csv", bare)
    write_csv(folder / "serving-triton.csv", served)
    around, through = middle(bare), middle(served)
    (folder / "serving.md").write_text(markdown(machine, around, through))
    plot(folder / "serving.png", around, through)


def middle(rows: Sequence[Any]) -> list[Any]:
    """One row for each thing measured: the round whose throughput (for the peak, TFLOP/s) is the median."""
    rounds: dict[tuple, list[Any]] = defaultdict(list)
    for row in rows:
        key = (row.name, row.size) if isinstance(row, Bare) else (row.size, row.concurrency, row.shared_memory)
        rounds[key].append(row)
    return [
        sorted(same, key=lambda row: (row.tiles_per_second, getattr(row, "tera", 0)))[(len(same) - 1) // 2]
        for same in rounds.values()
    ]


def fastest_loop(bare: Sequence[Bare], size: int) -> Bare:
    """The bare graph at its best, for tiles of `size`."""
    loops = [row for row in bare if row.name in (LOOP, TOGETHER) and row.size == size]
    return max(loops, key=lambda row: row.tiles_per_second)


def markdown(machine: str, bare: Sequence[Bare], served: Sequence[Served]) -> str:
    """The page: what was reached, the two tables, where the time goes."""
    tile = next(row for row in served if row.concurrency == 2 and not row.shared_memory and row.size == 256)
    loop = fastest_loop(bare, tile.size)
    peak = next(row for row in bare if row.name == PEAK)
    return (
        "\n\n".join(
            [
                "# Serving on a CPU",
                "Made by `python -m benchmarks.serving`; change nothing by hand. Median rounds; the CSV files beside "
                "this page have every round.",
                f"Machine: {machine}.",
                _reached(tile, loop, peak, served),
                "## Without a server",
                table(
                    (
                        "what",
                        "tile",
                        "tiles/s",
                        "megapixels/s in",
                        "CPU ms a tile",
                        "TFLOP/s",
                        "of the peak",
                        "others, cores",
                    ),
                    (_bare_row(row, peak) for row in bare),
                ),
                "## Through Triton, over gRPC, from perf_analyzer",
                table(
                    ("tile", "in flight", "tiles/s", "of the bare loop", "p50 ms", "p95 ms", "batch", "others, cores"),
                    (_served_row(row, bare) for row in served),
                ),
                "![throughput and latency](serving.png)",
                f"## Where a {tile.size}x{tile.size} tile's time goes, {tile.concurrency} in flight",
                table(("part", "ms a tile", "measured as"), _parts(tile, loop)),
            ]
        )
        + "\n"
    )


def plot(path: Path, bare: Sequence[Bare], served: Sequence[Served]) -> None:
    """Throughput and p95 over the requests in flight, for the size of which several were measured."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    rows = sorted((row for row in served if not row.shared_memory and row.size == 256), key=lambda row: row.concurrency)
    at = [row.concurrency for row in rows]
    loop = fastest_loop(bare, 256)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    left.plot(at, [row.tiles_per_second for row in rows], "o-", label="through Triton")
    left.axhline(loop.tiles_per_second, color="grey", linestyle="--", label="bare loop")
    left.set(ylabel="256x256 tiles a second", ylim=(0, None))
    left.legend(loc="lower right")
    right.plot(at, [row.p95 for row in rows], "o-", color="tab:red")
    right.set(ylabel="p95 latency, ms", ylim=(0, None))
    for axes in (left, right):
        axes.set(xlabel="requests in flight", xticks=at)
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def write_csv(path: Path, rows: Sequence[Any]) -> None:
    """Dataclasses of one kind, one a line."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, asdict(rows[0]))
        writer.writeheader()
        for row in rows:
            values = asdict(row).items()
            writer.writerow({name: round(value, 4) if isinstance(value, float) else value for name, value in values})


def write_kind(folder: Path, name: str, rows: Sequence[Row], markdown: Callable[[Sequence[Row]], str]) -> None:
    """NAME.csv and NAME.md: these rows, all of one kind of CPU, and those of other kinds that are there. Prints it."""
    folder.mkdir(parents=True, exist_ok=True)
    table, page = folder / f"{name}.csv", folder / f"{name}.md"
    together = [*rows, *of_other_kinds(table, type(rows[0]), rows[0].cpu)]
    write_csv(table, together)
    page.write_text(markdown(together))
    print(page.read_text())


def by_kind(rows: Sequence[Row], table_of: Callable[[list[Row]], str]) -> Iterator[str]:
    """A heading for each kind of CPU, and the table of its rows."""
    for cpu in sorted({row.cpu for row in rows}):
        yield f"## {cpu}"
        yield table_of([row for row in rows if row.cpu == cpu])


def of_other_kinds(path: Path, kind: type[Row], cpu: str) -> list[Row]:
    """Rows of earlier runs on other kinds of CPU, which stay on the page: `machine.kind` names them."""
    if not path.exists():
        return []
    types: dict[str, Any] = {field.name: field.type for field in fields(kind)}  # pyright: ignore[reportArgumentType]
    with path.open(newline="") as file:
        rows = [kind(**{name: types[name](value) for name, value in row.items()}) for row in csv.DictReader(file)]
    return [row for row in rows if row.cpu != cpu]


def _reached(tile: Served, loop: Bare, peak: Bare, served: Sequence[Served]) -> str:
    one = next((row for row in served if row.concurrency == 1 and row.size == tile.size), None)
    eight = next((row for row in served if row.concurrency == 8 and row.size == tile.size), None)
    facts = [
        f"- Through Triton: {tile.tiles_per_second / loop.tiles_per_second:.0%} of the faster bare loop's throughput "
        f"({tile.tiles_per_second:.1f} of {loop.tiles_per_second:.1f} tiles/s; the aim is 90 %).",
        f"- The graph itself: {loop.tera / peak.tera:.0%} of the peak of matrix products by the clock, "
        f"{_efficiency(loop, peak):.0%} by CPU time (the aim is 70 %). Operations are counted as the graph has them, "
        "and ncnn saves some of them by Winograd's algorithm.",
    ]
    if one and eight:
        facts.append(
            f"- 8 clients: batches of {eight.batch:.1f} on the average (the aim is 2), "
            f"{eight.tiles_per_second / one.tiles_per_second:.2f} times the throughput of one."
        )
    return "\n".join(facts)


def _efficiency(loop: Bare, peak: Bare) -> float:
    tera_a_tile = loop.tera / loop.tiles_per_second
    return tera_a_tile * peak.cpu / loop.cpu


def _bare_row(row: Bare, peak: Bare) -> tuple[str, ...]:
    if row.name == PEAK:
        return (row.name, "", "", "", "", f"{row.tera:.2f}", "100 %", f"{row.others:.2f}")
    work = (f"{row.tera:.2f}", f"{row.tera / peak.tera:.0%}") if row.tera else ("", "")
    return (
        row.name,
        str(row.size),
        f"{row.tiles_per_second:.1f}",
        f"{row.tiles_per_second * row.size**2 / MEGAPIXEL:.2f}",
        f"{row.cpu:.1f}",
        *work,
        f"{row.others:.2f}",
    )


def _served_row(row: Served, bare: Sequence[Bare]) -> tuple[str, ...]:
    loop = fastest_loop(bare, row.size)
    return (
        f"{row.size}{', shared memory' if row.shared_memory else ''}",
        str(row.concurrency),
        f"{row.tiles_per_second:.1f}",
        f"{row.tiles_per_second / loop.tiles_per_second:.0%}",
        f"{row.p50:.0f}",
        f"{row.p95:.0f}",
        f"{row.batch:.2f}",
        f"{row.others:.2f}",
    )


def _parts(tile: Served, loop: Bare) -> Iterable[tuple[str, str, str]]:
    parts: list[tuple[str, float, str]] = [
        ("the graph", loop.cpu, "CPU time, bare loop"),
        ("the stub around it (Python, shared memory)", tile.stub_cpu - loop.cpu, "CPU time, less the bare loop's"),
        ("tritonserver (gRPC, copies, scheduling)", tile.server_cpu, "CPU time"),
        ("queue", tile.queue, "Triton's statistics"),
        ("compute, input", tile.compute_input, "Triton's statistics"),
        ("compute, inference", tile.compute_infer, "Triton's statistics"),
        ("compute, output", tile.compute_output, "Triton's statistics"),
        ("network, send and receive", tile.send + tile.network + tile.receive, "perf_analyzer"),
    ]
    return ((name, f"{value:.1f}", how) for name, value, how in parts)
