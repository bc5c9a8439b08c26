"""Every configuration that the C++ ONNX Runtime backend refuses is refused here, in its words."""

import copy
import re
from typing import Any

import pytest

from serving.onnxruntime.validation import Graph, Refused, Settings, Tensor, check, settings

CONFIG: dict[str, Any] = {
    "name": "enhancer",
    "max_batch_size": 8,
    "input": [{"name": "image", "data_type": "TYPE_UINT8", "dims": ["-1", "-1", "3"], "optional": False}],
    "output": [{"name": "enhanced", "data_type": "TYPE_UINT8", "dims": [-1, -1, 3]}],
    "instance_group": [{"count": 2, "kind": "KIND_CPU"}],
    "default_model_filename": "",
    "parameters": {},
}
GRAPH = Graph(
    inputs=(Tensor("image", "TYPE_UINT8", (-1, -1, -1, 3)),),
    outputs=(Tensor("enhanced", "TYPE_UINT8", (-1, -1, -1, 3)),),
)


def changed(*path: Any, value: Any) -> dict[str, Any]:
    """The good configuration with one place replaced."""
    config = copy.deepcopy(CONFIG)
    place: Any = config
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return config


def parameters(**values: str) -> dict[str, Any]:
    return changed("parameters", value={key: {"string_value": value} for key, value in values.items()})


def accelerator(kind: str, name: str, **values: str) -> dict[str, Any]:
    listed = {f"{kind}_execution_accelerator": [{"name": name, "parameters": values}]}
    return changed("optimization", value={"execution_accelerators": listed})


def test_the_contract_agrees():
    check(CONFIG, GRAPH)
    assert settings(CONFIG, cores=4) == Settings(file="model.onnx", threads=2)


@pytest.mark.parametrize(
    ("config", "threads"),
    [
        (CONFIG, 1),
        (changed("instance_group", value=[{"count": 1}]), 2),
        (changed("instance_group", value=[{"count": 5}]), 1),
        (changed("instance_group", value=[]), 2),
        (parameters(intra_op_thread_count="0"), 1),
        (parameters(intra_op_thread_count="7"), 7),
    ],
)
def test_instances_share_two_cores(config: dict[str, Any], threads: int):
    assert settings(config, cores=2).threads == threads


def test_the_file_may_be_named():
    assert settings(changed("default_model_filename", value="other.onnx"), cores=1).file == "other.onnx"


@pytest.mark.parametrize(
    "config",
    [
        parameters(cudnn_conv_algo_search="1", arena_extend_strategy="1", gpu_mem_limit="4294967296"),
        parameters(enable_mem_arena="on", execution_mode="1", inter_op_thread_count=" 2"),
        accelerator("gpu", "tensorrt", precision_mode="FP16", trt_engine_cache_enable="1"),
        accelerator("gpu", "cuda", cudnn_conv_use_max_workspace="0"),
        accelerator("cpu", "openvino"),
    ],
)
def test_what_the_backend_takes(config: dict[str, Any]):
    settings(config, cores=2)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (parameters(intra_op_thread_count="four"), "failed to convert 'four' to integral number"),
        (parameters(inter_op_thread_count=""), "failed to convert '' to integral number"),
        (parameters(execution_mode="2"), "Expected values for execution_mode are 0 or 1 but got 2"),
        (parameters(enable_mem_arena="maybe"), "failed to convert 'maybe' to boolean"),
        (parameters(share_session_between_instances="2"), "failed to convert '2' to boolean"),
        (parameters(cudnn_conv_algo_search="3"), "unsupported cudnn_conv_algo_search value '3' is requested"),
        (parameters(arena_extend_strategy="-1"), "unsupported arena_extend_strategy value '-1' is requested"),
        (
            parameters(**{"enable_mem_arena": "0", "memory.enable_memory_arena_shrinkage": "cpu:0"}),
            "memory.enable_memory_arena_shrinkage needs the arena",
        ),
        (accelerator("cpu", "tensorrt"), "unknown Execution Accelerator 'tensorrt' is requested"),
        (accelerator("gpu", "openvino"), "unknown Execution Accelerator 'openvino' is requested"),
        (
            accelerator("gpu", "tensorrt", precision="FP16"),
            "unknown parameter 'precision' is provided for TensorRT Execution Accelerator",
        ),
        (accelerator("gpu", "tensorrt", precision_mode="FP8"), "unsupported precision mode 'FP8' is requested"),
        (changed("sequence_batching", value={"state": []}), "sequence_batching is not supported by this backend"),
    ],
)
def test_settings_refused(config: dict[str, Any], reason: str):
    with pytest.raises(Refused, match=re.escape(reason)):
        settings(config, cores=2)


IMAGE, ENHANCED = ("input", 0), ("output", 0)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (changed(*IMAGE, "name", value="photo"), "unexpected inference input 'photo', allowed inputs are: image"),
        (changed(*ENHANCED, "name", value="x"), "unexpected inference output 'x', allowed outputs are: enhanced"),
        (changed("input", value=[]), "configuration expects 0 inputs, model provides 1"),
        (
            changed(*IMAGE, "data_type", value="TYPE_FP32"),
            "unable to load model 'enhancer', configuration expects datatype TYPE_FP32 for input 'image', "
            "model provides TYPE_UINT8",
        ),
        (
            changed(*ENHANCED, "data_type", value="TYPE_INT8"),
            "configuration expects datatype TYPE_INT8 for output 'enhanced', model provides TYPE_UINT8",
        ),
        (changed(*IMAGE, "data_type", value="TYPE_BF16"), "unsupported datatype TYPE_BF16 for input 'image'"),
        (
            changed(*IMAGE, "dims", value=[-1, -1, 4]),
            "model 'enhancer', tensor 'image': the model expects 4 dimensions (shape [-1,-1,-1,3]) but the model "
            "configuration specifies 4 dimensions (an initial batch dimension because max_batch_size > 0 followed by "
            "the explicit tensor shape, making complete shape [-1,-1,-1,4])",
        ),
        (changed(*IMAGE, "dims", value=[3]), "the model configuration specifies 2 dimensions"),
        (changed(*ENHANCED, "dims", value=[1024, 1024, 3]), "making complete shape [-1,1024,1024,3])"),
        (
            changed(*IMAGE, "reshape", value={"shape": [1, -1, -1, 3]}),
            "the model expects 4 dimensions (shape [-1,-1,-1,3]) but the model configuration specifies 5 dimensions",
        ),
        (
            changed(*IMAGE, "allow_ragged_batch", value=True),
            "configuration expects model provides input with shape [-1]  for ragged input 'image', "
            "model provides [-1,-1,-1,3]",
        ),
        (changed("max_batch_size", value=0), "but the model configuration specifies 3 dimensions (shape [-1,-1,3])"),
    ],
)
def test_configuration_refused(config: dict[str, Any], reason: str):
    with pytest.raises(Refused, match=re.escape(reason)):
        check(config, GRAPH)


def test_optional_input_refused_with_batching():
    config = changed("input", value=[{**CONFIG["input"][0], "optional": True}])
    with pytest.raises(Refused, match=re.escape("configuration expects 0 inputs, model provides 1")):
        check(config, GRAPH)
    with pytest.raises(Refused, match="optional input 'image' is not supported for models that support batching"):
        check(config, Graph(inputs=(), outputs=GRAPH.outputs))


def test_input_may_be_narrower_than_the_graph_but_output_may_not():
    check(changed(*IMAGE, "dims", value=[256, 256, 3]), GRAPH)
    with pytest.raises(Refused, match="tensor 'enhanced'"):
        check(changed(*ENHANCED, "dims", value=[1024, -1, 3]), GRAPH)


@pytest.mark.parametrize("first", [1, 8])
def test_graph_of_fixed_batch_refused(first: int):
    graph = Graph(inputs=(Tensor("image", "TYPE_UINT8", (first, -1, -1, 3)),), outputs=GRAPH.outputs)
    with pytest.raises(
        Refused,
        match=re.escape(f"the first dimension must be -1; but shape expected by the model is [{first},-1,-1,3]"),
    ):
        check(CONFIG, graph)


def test_without_batching_the_batch_is_an_ordinary_dimension():
    config = changed("max_batch_size", value=0)
    config["input"][0]["dims"] = config["output"][0]["dims"] = [-1, -1, -1, 3]
    check(config, GRAPH)
