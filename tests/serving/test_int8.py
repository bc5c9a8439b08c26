"""The project's own model in eight bits, by the genuine server."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import skimage
from tritonclient.grpc import InferenceServerClient

from tests.processes import ROOT, Triton
from tests.serving.conftest import Launch, enhance

PHOTO = skimage.data.astronaut()[None, 60:156, 160:288]
FAST_AT_IT = {"avx512_vnni", "avx_vnni", "amx_int8"} & {*Path("/proc/cpuinfo").read_text().split()}


@pytest.fixture(scope="module")
def by_float(launch: Launch) -> np.ndarray:
    return answer(launch(ROOT / "model_repository"))


def answer(server: Triton) -> np.ndarray:
    with InferenceServerClient(server.address) as client:
        pixels = enhance(client, PHOTO)
    server.stop()
    return pixels


def test_it_gives_nearly_the_same_pixels(launch, by_float):
    server = launch(ROOT / "model_repository", "--inference=int8")
    by_int8 = answer(server)
    assert by_int8.shape == by_float.shape
    difference = np.abs(by_int8.astype(int) - by_float).mean()
    if FAST_AT_IT:
        assert 0.01 < difference < 1
    else:
        assert difference == 0
        assert "this CPU has no VNNI" in server.log


@pytest.mark.skipif(not FAST_AT_IT, reason="this CPU computes in float in any case")
def test_a_version_that_has_no_such_graph_is_served_in_float(launch, by_float, tmp_path):
    repository = shutil.copytree(ROOT / "model_repository", tmp_path / "models")
    (eight,) = repository.rglob("model.int8.onnx")
    eight.unlink()
    server = launch(repository, "--inference=int8")
    assert np.array_equal(answer(server), by_float)
    assert "INFERENCE=int8: there is no " in server.log


def test_another_graph_than_the_exported_one_is_not_served(launch, tmp_path):
    repository = shutil.copytree(ROOT / "model_repository", tmp_path / "models")
    (eight,) = repository.rglob("model.int8.onnx")
    eight.write_bytes(b"another")
    server = launch(repository, wait=False)
    assert server.wait() == 1
    assert "model.int8.onnx is not the file that was exported" in server.log
