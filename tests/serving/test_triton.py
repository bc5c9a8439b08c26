"""The genuine tritonserver with the stand-in backend, over real gRPC."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from tests.processes import ROOT, until
from tests.serving.conftest import enhance

pytestmark = pytest.mark.system
SECONDS = 20


@pytest.fixture(scope="module")
def client(server) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(server.address) as connected:
        yield connected


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)


def fourfold(image: np.ndarray) -> np.ndarray:
    return image.repeat(4, axis=1).repeat(4, axis=2)


def ended(processes: list[psutil.Process]) -> bool:
    """Whether all of them have ended within a while; one that only waits to be collected by its parent has."""
    deadline = time.monotonic() + SECONDS
    while any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def refusal(*options: str) -> str:
    """What `python -m serving` says when it cannot serve: one sentence, and exit status 1."""
    done = subprocess.run(
        [sys.executable, "-m", "serving", "--metrics-port=0", *options],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.splitlines()[-1]


def test_ready_line_names_the_addresses(server):
    assert re.fullmatch(
        r"ready: enhancer, waiting at grpc://127\.0\.0\.1:\d+ metrics http://127\.0\.0\.1:\d+/metrics\n",
        server.ready,
    )


def test_metrics_count_what_was_served(server, client):
    enhance(client, pixels(1, 8, 8, 3))
    assert server.inferences() >= 1


def test_metadata_is_the_contract(client):
    metadata = client.get_model_metadata("enhancer", as_json=True)
    assert [(t["name"], t["datatype"], t["shape"]) for t in (*metadata["inputs"], *metadata["outputs"])] == [
        ("image", "UINT8", ["-1", "-1", "-1", "3"]),
        ("enhanced", "UINT8", ["-1", "-1", "-1", "3"]),
    ]


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (1, 17, 5, 3), (1, 256, 256, 3), (3, 33, 47, 3), (8, 9, 2, 3)])
def test_every_pixel_of_odd_sizes_and_batches(client, shape: tuple[int, ...]):
    image = pixels(*shape)
    np.testing.assert_array_equal(enhance(client, image), fourfold(image))


def test_more_images_than_a_batch_holds_are_refused(client):
    with pytest.raises(InferenceServerException, match="batch-size must be <= 8"):
        enhance(client, pixels(9, 4, 4, 3))


def test_empty_image_is_refused_and_the_next_one_served(client):
    with pytest.raises(InferenceServerException) as refused:
        enhance(client, np.zeros((1, 0, 5, 3), np.uint8))
    assert "\n" not in str(refused.value)
    np.testing.assert_array_equal(enhance(client, pixels(1, 2, 2, 3)), fourfold(pixels(1, 2, 2, 3)))


def test_requests_of_one_shape_run_together(client):
    before = statistics(client)
    images = [pixels(1 + k % 2, 12, 13, 3) + np.uint8(k) for k in range(5)]  # 7 images: one batch of 8 at most
    with ThreadPoolExecutor(len(images)) as pool:
        answers = list(pool.map(lambda image: enhance(client, image, "waiting"), images))
    for image, answer in zip(images, answers, strict=True):
        np.testing.assert_array_equal(answer, fourfold(image))
    after = statistics(client)
    assert after["inference_count"] - before["inference_count"] == 7
    assert after["execution_count"] - before["execution_count"] < 5


def statistics(client: InferenceServerClient) -> dict[str, int]:
    counted = client.get_inference_statistics("waiting", as_json=True)
    assert counted
    model = counted["model_stats"][0]
    return {name: int(model.get(name, 0)) for name in ("inference_count", "execution_count")}


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("names", ('name: "image"', 'name: "photo"'), "unexpected inference input 'photo', allowed inputs are: image"),
        ("number", ('string_value: "1"', 'string_value: "one"'), "failed to convert 'one' to integral number"),
        ("file", ("max_batch_size", 'default_model_filename: "other.onnx"\nmax_batch_size'), "unable to find '"),
        ("field", ("max_batch_size", "maximum: 1\nmax_batch_size"), "failed to poll from model repository"),
    ],
)  # fmt: skip
def test_configuration_the_container_refuses(
    server, client, repository, name: str, change: tuple[str, str], reason: str
):
    ours = (ROOT / "model_repository" / "enhancer" / "config.pbtxt").read_text()
    assert change[0] in ours
    repository.add(f"bad_{name}", ours.replace('"enhancer"', f'"bad_{name}"').replace(*change, 1))
    with pytest.raises(InferenceServerException, match=re.escape(reason)):
        client.load_model(f"bad_{name}", headers=server.headers)


def test_graph_that_cannot_batch_is_refused(server, client, repository, graph):
    repository.add("single", graph=graph(batch=1))
    with pytest.raises(InferenceServerException, match=r"first dimension must be -1; .*\[1,-1,-1,3\]"):
        client.load_model("single", headers=server.headers)


def test_file_that_is_no_graph_is_refused(server, client, repository):
    repository.add("garbage")
    (repository.folder / "garbage" / "1" / "model.onnx").write_bytes(b"garbage")
    with pytest.raises(InferenceServerException, match=r"Load model from .*garbage/1/model\.onnx failed"):
        client.load_model("garbage", headers=server.headers)


def test_file_of_another_name_is_served(server, client, repository):
    repository.add("renamed", more='default_model_filename: "other.onnx"')
    version = repository.folder / "renamed" / "1"
    (version / "model.onnx").rename(version / "other.onnx")
    client.load_model("renamed", headers=server.headers)
    np.testing.assert_array_equal(enhance(client, pixels(1, 3, 4, 3), "renamed"), fourfold(pixels(1, 3, 4, 3)))
    client.unload_model("renamed", headers=server.headers)


@pytest.mark.parametrize(
    ("options", "number", "status"),
    [([], signal.SIGTERM, 0), (["--grace=0"], signal.SIGTERM, 0), ([], signal.SIGKILL, -signal.SIGKILL)],
)
def test_no_process_is_left(launch, new_repository, options, number: signal.Signals, status: int):
    new_repository.add("enhancer")
    server = launch(new_repository.folder, *options)
    family = psutil.Process(server.pid).children(recursive=True)
    assert {"tritonserver", "triton_python_b"} <= {process.name()[:15] for process in family}
    assert server.stop(number) == status
    assert ended(family)
    assert not list(Path("/dev/shm").glob(f"serving-{server.pid}-*"))


def test_who_was_asked_before_the_end_still_answers(launch, new_repository):
    new_repository.add("enhancer", more="dynamic_batching { max_queue_delay_microseconds: 2000000 }")
    server = launch(new_repository.folder)
    with InferenceServerClient(server.address) as client, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(enhance, client, pixels(1, 4, 4, 3))
        while server.metric("nv_inference_pending_request_count") == 0:
            assert not asked.done()
        assert server.stop() == 0
        np.testing.assert_array_equal(asked.result(SECONDS), fourfold(pixels(1, 4, 4, 3)))


def test_without_grace_it_waits_for_no_request(launch, new_repository):
    new_repository.add("enhancer", more="dynamic_batching { max_queue_delay_microseconds: 60000000 }")
    server = launch(new_repository.folder, "--grace=0")
    with InferenceServerClient(server.address) as client, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(enhance, client, pixels(1, 4, 4, 3))
        while server.metric("nv_inference_pending_request_count") == 0:
            assert not asked.done()
        assert server.stop() == 0
        with pytest.raises(InferenceServerException):
            asked.result(SECONDS)


def test_a_stub_that_hangs_does_not_hold_up_the_end(launch, new_repository):
    new_repository.add("enhancer")
    server = launch(new_repository.folder)
    family = psutil.Process(server.pid).children(recursive=True)
    for process in family:
        if process.name() != "tritonserver":
            process.suspend()
    assert server.stop() == 0
    assert ended(family)


def test_a_server_that_crashes_while_it_starts_is_started_again(launch, new_repository):
    new_repository.add("enhancer")
    server = launch(new_repository.folder, "--restarts=1", wait=False)
    server.server().kill()
    server.wait_until_ready()
    assert "tritonserver ended while starting: killed by signal 9 (SIGKILL)" in server.log
    assert server.stop() == 0


def test_a_server_that_crashes_comes_back_on_its_ports_until_it_is_given_up(launch, new_repository):
    new_repository.add("enhancer")
    server = launch(new_repository.folder, "--restarts=1")
    image = pixels(1, 4, 4, 3)
    with InferenceServerClient(server.address) as client:
        np.testing.assert_array_equal(enhance(client, image), fourfold(image))
        server.server().kill()
        server.wait_for_line("restarting")
        server.wait_until_ready()
        assert server.address in server.ready
    with InferenceServerClient(server.address) as client:
        np.testing.assert_array_equal(enhance(client, image), fourfold(image))
    server.server().kill()
    assert server.wait() == 1
    assert server.log.count("tritonserver ended by itself: killed by signal 9 (SIGKILL)") == 2
    assert server.log.endswith("(crash 2 in a row: given up)\n")


def test_interrupt_while_loading(new_repository, launch):
    new_repository.add("enhancer")
    server = launch(new_repository.folder, wait=False)
    family = until(lambda: psutil.Process(server.pid).children(recursive=True), SECONDS, "tritonserver")
    assert server.stop(signal.SIGINT) == 0
    assert server.log == ""
    assert ended(family)


def test_port_taken(new_repository):
    new_repository.add("enhancer")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal(f"--grpc-port={port}", f"--model-repository={new_repository.folder}")
    assert said == (
        f"serving: port {port} for grpc is taken on 127.0.0.1: choose another with --grpc-port (0 takes any free one)"
    )


def test_model_missing(tmp_path: Path):
    said = refusal("--grpc-port=0", f"--model-repository={tmp_path}")
    assert said == (
        f"serving: the model repository has no model 'enhancer': {tmp_path / 'enhancer' / 'config.pbtxt'} is missing"
    )


def test_model_refused_at_start(new_repository, graph):
    new_repository.add("enhancer", graph=graph(image="photo"))
    said = refusal("--grpc-port=0", f"--model-repository={new_repository.folder}")
    assert said == (
        "serving: tritonserver ended while starting: model 'enhancer' version 1: "
        "unexpected inference input 'image', allowed inputs are: photo"
    )
