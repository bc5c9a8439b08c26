"""Triton's load generator: how it is called, how its table is read, and that it runs."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import perf_analyzer
from benchmarks.perf_analyzer import CannotMeasure, Load
from serving import wheel
from tests.processes import ROOT, Triton

TABLE = """\
Concurrency,Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute Input,\
Server Compute Infer,Server Compute Output,Client Recv,p50 latency,p90 latency,p95 latency,p99 latency,\
request/response,response wait
2,7.08215,42,1644,12781,93,257885,8362,7,283340,341386,408503,464184,49,279068
"""
INSTALLED = perf_analyzer.INSTALLED


def test_microseconds_of_its_table_become_milliseconds():
    answer = perf_analyzer.read(TABLE)
    assert answer.tiles_per_second == pytest.approx(7.08215)
    assert answer.p95 == pytest.approx(408.503)
    assert answer.compute_infer == pytest.approx(257.885)


def test_the_load_is_in_its_command_line():
    line = perf_analyzer.command(Path("/p"), "host:1", Load(384, 4, shared_memory=True), 20, Path("/t.csv"))
    assert {"--shape=image:384,384,3", "--concurrency-range=4", "--shared-memory=system"} < set(line)
    assert f"--output-shared-memory-size={1536 * 1536 * 3}" in line
    assert "--shared-memory=system" not in perf_analyzer.command(Path("/p"), "host:1", Load(), 20, Path("/t.csv"))


def test_without_the_program_one_sentence_says_how_to_get_it(tmp_path):
    with pytest.raises(CannotMeasure, match="make benchmark"):
        perf_analyzer.find(tmp_path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Triton]:
    server = Triton(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.mark.system
def test_the_genuine_program_measures_the_server(server):
    try:
        program = perf_analyzer.find(INSTALLED)
    except CannotMeasure as reason:
        pytest.skip(str(reason))
    answer = perf_analyzer.run(program, wheel.find(), server.address, Load(size=32, concurrency=2), 1000, window=0.5)
    assert answer.tiles_per_second > 1
    assert 0 < answer.p50 <= answer.p95 <= answer.p99
    assert answer.compute_infer > 0


@pytest.mark.system
def test_its_own_words_are_the_reason_where_it_cannot_measure():
    try:
        program = perf_analyzer.find(INSTALLED)
    except CannotMeasure as reason:
        pytest.skip(str(reason))
    with pytest.raises(CannotMeasure, match=r"perf_analyzer: .*connect"):
        perf_analyzer.run(program, wheel.find(), "127.0.0.1:9", Load(), 20)


@pytest.mark.system
def test_the_genuine_program_says_its_own_words():
    command = [sys.executable, "-m", "benchmarks.perf_analyzer", "--"]
    if not INSTALLED.is_dir():
        pytest.skip("perf_analyzer is not installed (make perf)")
    done = subprocess.run([*command, "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "--concurrency-range" in done.stdout + done.stderr
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "-m (model name)" in refused.stdout + refused.stderr
