"""The page of peers, without measuring any."""

import numpy as np
import pytest

from benchmarks import report
from benchmarks.peers import OURS, Speed, compact, markdown, peer

ROWS = [
    Speed("AVX2", OURS, "OpenVINO", 1.2, 4.0),
    Speed("AVX2", OURS, "ncnn", 1.2, 2.0),
    Speed("AVX2", "small", "ncnn", 0.6, 1.0),
]


def test_others_are_compared_with_what_is_served():
    page = markdown(ROWS)
    assert "| small | ncnn | 0.60 M | 1.00 | 0.50 | 1.00 |" in page


def test_rows_of_other_kinds_of_cpu_stay(tmp_path):
    file = tmp_path / "peers.csv"
    assert report.of_other_kinds(file, Speed, "AVX2") == []
    report.write_csv(file, ROWS)
    assert report.of_other_kinds(file, Speed, "AMX") == ROWS
    assert report.of_other_kinds(file, Speed, "AVX2") == []
    assert (
        markdown([*report.of_other_kinds(file, Speed, "AMX"), Speed("AMX", OURS, "OpenVINO", 1.2, 0.2)]).count("\n## ")
        == 2
    )


@pytest.mark.parametrize("depth", [1, 3])
def test_a_chain_is_a_network_that_enlarges_four_times(depth, tmp_path):
    failed, pixels = peer(*compact(depth, tmp_path))()  # pyright: ignore[reportGeneralTypeIssues]
    assert not failed
    assert np.asarray(pixels).shape == (3, 1024, 1024)
