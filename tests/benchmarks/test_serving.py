"""What the server is measured against, and what is made of the figures."""

import csv
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from benchmarks import baselines, machine, report
from benchmarks.report import Bare, Served
from tests.processes import ROOT

PEAK = Bare(report.PEAK, 0, 0, cpu=1000, tera=2.0)
LOOP = Bare(report.LOOP, 256, tiles_per_second=20, cpu=100, tera=1.5)
TILE = Served(
    size=256, concurrency=2, shared_memory=False, tiles_per_second=18, p50=110, p95=120, p99=130, send=0.1, network=2,
    queue=1, compute_input=0.1, compute_infer=105, compute_output=2, receive=0.1, batch=1, stub_cpu=104, server_cpu=3,
    others=0,
)  # fmt: skip


def busy() -> baselines.Work:
    def work() -> None:
        end = time.process_time() + 0.01
        while time.process_time() < end:
            pass

    return work


def test_a_loop_counts_what_all_processes_did():
    found = baselines.rate(busy, processes=2, seconds=0.5)
    assert found.cpu_ms == pytest.approx(10, rel=0.5)
    assert 0 < found.per_second <= 201


def test_a_loop_that_breaks_says_so():
    with pytest.raises(ZeroDivisionError):
        baselines.rate(broken, processes=1, seconds=0.1)


def broken() -> baselines.Work:
    return lambda: 1 / 0


def test_the_graph_runs_in_every_engine():
    baselines.graph(32)()
    baselines.onnx_runtime(machine.served_version() / "model.onnx", 32)()


def test_the_peak_is_that_of_matrix_products():
    baselines.matrices(64, 64, 4)()
    assert baselines.peak(processes=1, seconds=0.4).per_second > 0


def test_watching_tells_the_watched_from_the_others():
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as spinning:
        try:
            with machine.watch([psutil.Process(spinning.pid)]) as watched:
                time.sleep(1)
        finally:
            spinning.kill()
    assert watched.cpu > 0.1
    assert watched.seconds == pytest.approx(1, abs=0.5)


def test_the_machine_is_described_without_its_name():
    described = machine.describe()
    assert "openvino" in described
    assert f"{machine.cores()} cores" in described
    assert subprocess.check_output(["hostname"], text=True).strip() not in described


def test_the_median_round_is_shown():
    rows = [replace(LOOP, tiles_per_second=rate) for rate in (30, 10, 20)] + [PEAK]
    assert report.middle(rows) == [LOOP, PEAK]


def test_the_server_is_held_against_the_faster_loop():
    together = replace(LOOP, name=report.TOGETHER, tiles_per_second=36)
    assert "50% of the faster bare loop's throughput" in report.markdown("a machine", [PEAK, LOOP, together], [TILE])


def test_the_page_says_what_was_reached():
    page = report.markdown("a machine", [PEAK, LOOP], [TILE, replace(TILE, concurrency=8, batch=2.5)])
    assert "90% of the faster bare loop's throughput" in page
    assert "75% of the peak of matrix products" in page
    assert "| the stub around it (Python, shared memory) | 4.0 |" in page


def test_every_round_is_kept_and_the_plot_drawn(tmp_path):
    report.write(tmp_path, "a machine", [PEAK, LOOP, LOOP], [TILE, replace(TILE, concurrency=1)])
    with (tmp_path / "serving-bare.csv").open() as file:
        assert [row["name"] for row in csv.DictReader(file)] == [report.PEAK, report.LOOP, report.LOOP]
    assert (tmp_path / "serving.png").read_bytes().startswith(b"\x89PNG")


def test_a_missing_program_is_one_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.serving", f"--perf-analyzer={tmp_path}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("benchmarks.serving: perf_analyzer is not in")
    assert "Traceback" not in done.stderr
