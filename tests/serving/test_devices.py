"""Which device is taken, with a real shared library in the driver's place; and the code of the GPU, on the CPU."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from serving.devices import choose
from serving.errors import Unsupported
from tests.processes import ROOT
from tests.serving.conftest import Launch
from tests.serving.conftest import enhance as enhance_within

DRIVER = """
#include <string.h>
int cuInit(unsigned flags) { return 0; }
int cuDeviceGetCount(int *count) { *count = 2; return 0; }
int cuDeviceGet(int *device, int number) { *device = number; return 0; }
int cuDeviceGetName(char *name, int length, int device) { strncpy(name, "A GPU", length); return 0; }
"""
enhance = partial(enhance_within, seconds=60)
needs_compiler = pytest.mark.skipif(not shutil.which("g++"), reason="there is no C++ compiler")


@pytest.fixture
def packages(tmp_path) -> Path:
    (tmp_path / "onnxruntime").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "gpus", "device", "said"),
    [
        ("auto", [], "cpu", ""),
        ("auto", ["A GPU"], "gpu", "on A GPU"),
        ("auto", ["A GPU", "A GPU"], "gpu", "on 2 x A GPU"),
        ("gpu", ["A GPU"], "gpu", "on A GPU"),
        ("cpu", ["A GPU"], "cpu", ""),
        ("onnxruntime-cpu", ["A GPU"], "onnxruntime-cpu", ""),
    ],
)
def test_the_gpu_is_taken_where_it_can_be(packages, wanted, gpus, device, said):
    assert choose(wanted, gpus, packages) == (device, said)


def test_without_its_packages_a_gpu_is_not_taken_and_it_is_said_how(tmp_path):
    device, said = choose("auto", ["A GPU"], tmp_path)
    assert device == "cpu"
    assert "make .venv/gpu" in said
    with pytest.raises(Unsupported, match=r"make \.venv/gpu"):
        choose("gpu", ["A GPU"], tmp_path)


def test_a_gpu_that_is_not_there_is_refused(packages):
    with pytest.raises(Unsupported, match="no GPU"):
        choose("gpu", [], packages)


@needs_compiler
def test_the_driver_is_asked(tmp_path):
    (tmp_path / "driver.c").write_text(DRIVER)
    library = tmp_path / "libcuda.so.1"
    subprocess.run(["g++", "-x", "c", "-shared", "-fPIC", "-o", library, tmp_path / "driver.c"], check=True)
    asked = [sys.executable, "-c", "from serving.devices import gpus; print(gpus())"]
    done = subprocess.run(
        asked,
        env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['A GPU', 'A GPU']"


@pytest.mark.system
def test_what_cannot_be_had_is_one_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "serving", "--device=gpu"],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("serving: --device gpu: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture(scope="module")
def of_a_gpu(launch: Launch) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(launch(ROOT / "model_repository", "--device=onnxruntime-cpu").address) as client:
        yield client


@pytest.fixture(scope="module")
def of_a_cpu(launch: Launch) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(launch(ROOT / "model_repository", "--device=ncnn").address) as client:
        yield client


def smooth(batch: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    rows = np.linspace(0, 200, height)[:, None, None] + np.linspace(0, 55, width)[None, :, None]
    noise = np.random.default_rng(seed).normal(0, 8, (batch, height, width, 3))
    return np.clip(rows + noise, 0, 255).astype(np.uint8)


@pytest.mark.system
@pytest.mark.parametrize("shape", [(1, 16, 24), (3, 40, 32), (1, 1, 1), (1, 65, 63)])
def test_the_code_of_the_gpu_gives_the_pixels_of_the_cpus(of_a_gpu, of_a_cpu, shape):
    image = smooth(*shape)
    ours, theirs = enhance(of_a_gpu, image), enhance(of_a_cpu, image)

    assert ours.shape == (shape[0], 4 * shape[1], 4 * shape[2], 3)
    apart = np.abs(ours.astype(int) - theirs)
    assert apart.max() <= 4
    assert apart.mean() < 0.5


@pytest.mark.system
def test_requests_that_were_merged_get_their_own_answers(of_a_gpu):
    images = [smooth(1 + seed % 2, 24, 24, seed) for seed in range(12)]
    alone = [enhance(of_a_gpu, image) for image in images]
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(lambda image: enhance(of_a_gpu, image), images))

    for one, other in zip(alone, together, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


@pytest.mark.system
def test_what_cannot_be_computed_is_refused_and_the_next_is_served(of_a_gpu):
    with pytest.raises(InferenceServerException):
        enhance(of_a_gpu, np.zeros((1, 0, 8, 3), np.uint8))
    assert enhance(of_a_gpu, smooth(1, 8, 8)).shape == (1, 32, 32, 3)
