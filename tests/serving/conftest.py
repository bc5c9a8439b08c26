"""A genuine tritonserver over a repository of tiny graphs, started once for all tests of this room."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tritonclient.grpc import InferenceServerClient, InferInput

from tests.processes import ROOT, Triton

CONFIG = """
name: "{name}"
backend: "onnxruntime"
max_batch_size: 8
input [ {{ name: "image" data_type: TYPE_UINT8 dims: [ -1, -1, 3 ] }} ]
output [ {{ name: "enhanced" data_type: TYPE_UINT8 dims: [ -1, -1, 3 ] }} ]
instance_group [ {{ count: 1 }} ]
"""


def nearest(batch: int | str = "N", image: str = "image") -> onnx.ModelProto:
    """Four times nearest neighbour behind the contract of the real model, so that every output pixel is known."""
    scales = numpy_helper.from_array(np.array([1, 1, 4, 4], np.float32), "scales")
    nodes = [
        helper.make_node("Cast", [image], ["floating"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floating"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "Resize",
            ["planes", "", "scales"],
            ["large"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        helper.make_node("Transpose", ["large"], ["pixels"], perm=[0, 2, 3, 1]),
        helper.make_node("Cast", ["pixels"], ["enhanced"], to=TensorProto.UINT8),
    ]
    inputs = [helper.make_tensor_value_info(image, TensorProto.UINT8, [batch, "H", "W", 3])]
    outputs = [helper.make_tensor_value_info("enhanced", TensorProto.UINT8, [batch, "H4", "W4", 3])]
    graph = helper.make_graph(nodes, "nearest", inputs, outputs, [scales])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


class Repository:
    """A model repository under construction."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(
        self, name: str, config: str | None = None, *, more: str = "", graph: onnx.ModelProto | None = None
    ) -> None:
        """Write version 1 of a model: the given configuration, or the usual one and `more`."""
        version = self.folder / name / "1"
        version.mkdir(parents=True)
        (self.folder / name / "config.pbtxt").write_text(config or CONFIG.format(name=name) + more)
        onnx.save(graph or nearest(), version / "model.onnx")


def enhance(
    client: InferenceServerClient, image: np.ndarray, model: str = "enhancer", seconds: float = 20
) -> np.ndarray:
    """What a model makes of pictures, uint8 (N, H, W, 3), within so many seconds."""
    tensor = InferInput("image", list(image.shape), "UINT8")
    tensor.set_data_from_numpy(image)
    answer = client.infer(model, [tensor], client_timeout=seconds)
    assert answer
    enhanced = answer.as_numpy("enhanced")
    assert enhanced is not None
    return enhanced


Launch = Callable[..., Triton]


@pytest.fixture(scope="session")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    """Start `python -m serving` over a repository and, unless told not to, wait for its ready line."""
    started: list[Triton] = []

    def start(repository: Path, *options: str, wait: bool = True) -> Triton:
        server = Triton(tmp_path_factory.mktemp("triton"), f"--model-repository={repository}", *options)
        started.append(server)
        server.begin()
        if wait:
            server.wait_until_ready()
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The project's own configuration over the tiny graph, and a model that waits for others to batch with."""
    made = Repository(tmp_path_factory.mktemp("repository"))
    made.add("enhancer", (ROOT / "model_repository" / "enhancer" / "config.pbtxt").read_text())
    made.add("waiting", more="dynamic_batching { max_queue_delay_microseconds: 300000 }")
    return made


@pytest.fixture(scope="session")
def server(launch: Launch, repository: Repository) -> Triton:
    """One server for the whole session."""
    return launch(repository.folder, "--model=enhancer", "--model=waiting")


@pytest.fixture
def new_repository(tmp_path: Path) -> Repository:
    """An empty repository."""
    return Repository(tmp_path / "repository")


@pytest.fixture(scope="session")
def graph() -> Callable[..., onnx.ModelProto]:
    """Build the tiny graph with another batch dimension or input name."""
    return nearest
