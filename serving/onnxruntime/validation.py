"""What a model's configuration and its graph must agree on before Triton may serve them.

A model that loads here must load in NVIDIA's container too, so this refuses what the C++ ONNX Runtime backend refuses,
in its order and its words (triton-inference-server/onnxruntime_backend, src/onnxruntime.cc and onnxruntime_utils.cc).
Configurations are the JSON that Triton hands to a backend, with every default filled in.
"""

import re
from dataclasses import dataclass
from typing import Any

Config = dict[str, Any]
FREE = -1
DEFAULT_FILE = "model.onnx"

# fmt: off
DATATYPES = frozenset(
    (
        "TYPE_BOOL", "TYPE_UINT8", "TYPE_UINT16", "TYPE_UINT32", "TYPE_UINT64", "TYPE_INT8", "TYPE_INT16",
        "TYPE_INT32", "TYPE_INT64", "TYPE_FP16", "TYPE_FP32", "TYPE_FP64", "TYPE_STRING",
    )
)
# fmt: on
INTEGERS = ("execution_mode", "intra_op_thread_count", "inter_op_thread_count")
BOOLEANS = ("enable_mem_arena", "enable_mem_pattern", "share_session_between_instances")
CHOICES = {"cudnn_conv_algo_search": 3, "arena_extend_strategy": 2}
PRECISIONS = ("FP32", "FP16", "INT8")
# fmt: off
TENSORRT_PARAMETERS = frozenset(
    (
        "int8_calibration_table_name", "int8_use_native_calibration_table", "max_workspace_size_bytes",
        "precision_mode", "trt_auxiliary_streams", "trt_build_heuristics_enable",
        "trt_builder_optimization_level", "trt_context_memory_sharing_enable", "trt_cuda_graph_enable",
        "trt_detailed_build_log", "trt_dla_core", "trt_dla_enable", "trt_dump_ep_context_model",
        "trt_dump_subgraphs", "trt_engine_cache_enable", "trt_engine_cache_path", "trt_engine_cache_prefix",
        "trt_ep_context_embed_mode", "trt_ep_context_file_path", "trt_extra_plugin_lib_paths",
        "trt_force_sequential_engine_build", "trt_force_timing_cache", "trt_layer_norm_fp32_fallback",
        "trt_max_partition_iterations", "trt_min_subgraph_size", "trt_profile_max_shapes",
        "trt_profile_min_shapes", "trt_profile_opt_shapes", "trt_sparsity_enable", "trt_tactic_sources",
        "trt_timing_cache_enable", "trt_timing_cache_path",
    )
)
# fmt: on
UNSERVED = ("sequence_batching", "batch_input", "batch_output", "model_operations")


class Refused(ValueError):  # noqa: N818 - it reads as what happened
    """The model cannot be served; the message is what Triton reports as the reason."""


@dataclass(frozen=True)
class Tensor:
    """One input or output of a graph: `datatype` as in config.pbtxt ("TYPE_UINT8"), `dims` with -1 where free."""

    name: str
    datatype: str
    dims: tuple[int, ...]


@dataclass(frozen=True)
class Graph:
    """The signature of an ONNX file."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


@dataclass(frozen=True)
class Settings:
    """How to run a model: the file inside its version folder, and the threads of each instance."""

    file: str
    threads: int


def settings(config: Config, cores: int) -> Settings:
    """Read what the configuration alone decides; instances share the `cores` unless a thread count is given.

    Raises Refused for a parameter or an accelerator that the C++ backend would not take. GPU accelerators are checked
    too, though nothing here uses them: the same repository is served on a GPU.
    """
    for feature in UNSERVED:
        if config.get(feature):
            raise Refused(f"unable to load model '{config['name']}', {feature} is not supported by this backend")
    parameters = {key: entry.get("string_value", "") for key, entry in config.get("parameters", {}).items()}
    _check_parameters(parameters)
    accelerators = config.get("optimization", {}).get("execution_accelerators", {})
    for accelerator in accelerators.get("gpu_execution_accelerator", []):
        _check_gpu_accelerator(accelerator)
    for accelerator in accelerators.get("cpu_execution_accelerator", []):
        if accelerator["name"] != "openvino":
            raise Refused(f"unknown Execution Accelerator '{accelerator['name']}' is requested")
    instances = sum(group.get("count", 1) for group in config.get("instance_group", [])) or 1
    threads = _integer(parameters.get("intra_op_thread_count", "0"))
    return Settings(
        file=config.get("default_model_filename") or DEFAULT_FILE,
        threads=threads if threads > 0 else max(1, cores // instances),
    )


def check(config: Config, graph: Graph) -> None:
    """Raise Refused where names, data types or dims of the configuration are not the graph's."""
    expected = sum(not tensor.get("optional", False) for tensor in config["input"])
    if expected != len(graph.inputs):
        raise Refused(
            f"unable to load model '{config['name']}', configuration expects {expected} inputs, "
            f"model provides {len(graph.inputs)}"
        )
    for tensor in config["input"]:
        _check_tensor(config, tensor, graph.inputs, "input")
    for tensor in config["output"]:
        _check_tensor(config, tensor, graph.outputs, "output")


def _check_parameters(parameters: dict[str, str]) -> None:
    integers = {key: _integer(parameters[key]) for key in (*INTEGERS, *CHOICES) if key in parameters}
    booleans = {key: _boolean(parameters[key]) for key in BOOLEANS if key in parameters}
    mode = integers.get("execution_mode", 0)
    if mode not in (0, 1):
        raise Refused(
            f"Invalid configuration value provided. Expected values for execution_mode are 0 or 1 but got {mode} ."
        )
    for key, count in CHOICES.items():
        if integers.get(key, 0) not in range(count):
            raise Refused(f"unsupported {key} value '{integers[key]}' is requested")
    if "memory.enable_memory_arena_shrinkage" in parameters and not booleans.get("enable_mem_arena", True):
        # The C++ backend loads this and then fails every inference.
        raise Refused("memory.enable_memory_arena_shrinkage needs the arena that enable_mem_arena turns off")


def _check_gpu_accelerator(accelerator: Config) -> None:
    name = accelerator["name"]
    if name not in ("tensorrt", "cuda"):
        raise Refused(f"unknown Execution Accelerator '{name}' is requested")
    if name == "cuda":
        return
    parameters = accelerator.get("parameters", {})
    for key in parameters:
        if key not in TENSORRT_PARAMETERS:
            raise Refused(f"unknown parameter '{key}' is provided for TensorRT Execution Accelerator")
    precision = parameters.get("precision_mode", "FP32")
    if precision not in PRECISIONS:
        raise Refused(f"unsupported precision mode '{precision}' is requested")


def _check_tensor(config: Config, tensor: Config, provided: tuple[Tensor, ...], kind: str) -> None:
    model, name, datatype = config["name"], tensor["name"], tensor["data_type"]
    batched = config["max_batch_size"] > 0
    if tensor.get("optional", False) and batched:
        raise Refused(
            f"unable to load model '{model}', optional input '{name}' is not supported for models that support batching"
        )
    actual = next((candidate for candidate in provided if candidate.name == name), None)
    if actual is None:
        allowed = ", ".join(sorted(candidate.name for candidate in provided))
        raise Refused(f"unexpected inference {kind} '{name}', allowed {kind}s are: {allowed}")
    if datatype not in DATATYPES:
        raise Refused(f"unsupported datatype {datatype} for {kind} '{name}' for model '{model}'")
    if datatype != actual.datatype:
        raise Refused(
            f"unable to load model '{model}', configuration expects datatype {datatype} for {kind} '{name}', "
            f"model provides {actual.datatype}"
        )
    if tensor.get("allow_ragged_batch", False):
        if actual.dims != (FREE,):
            raise Refused(
                f"unable to load model '{model}', configuration expects model provides input with shape [-1]  "
                f"for ragged input '{name}', model provides {_shape(actual.dims)}"
            )
        return
    stated = tensor.get("reshape", {}).get("shape", tensor["dims"])
    _check_dims(f"model '{model}', tensor '{name}'", actual.dims, _numbers(stated), batched, exact=kind == "output")


def _check_dims(who: str, graph: tuple[int, ...], stated: tuple[int, ...], batched: bool, exact: bool) -> None:
    if batched and (not graph or graph[0] != FREE):
        raise Refused(
            f"{who}: for the model to support batching the shape should have at least 1 dimension and the first "
            f"dimension must be -1; but shape expected by the model is {_shape(graph)}"
        )
    complete = (FREE, *stated) if batched else stated
    agree = len(graph) == len(complete) and all(
        ours == theirs or (theirs == FREE and not exact) for ours, theirs in zip(complete, graph, strict=True)
    )
    if not agree:
        batch = "an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, "
        raise Refused(
            f"{who}: the model expects {len(graph)} dimensions (shape {_shape(graph)}) but the model configuration "
            f"specifies {len(complete)} dimensions "
            f"({batch + 'making complete ' if batched else ''}shape {_shape(complete)})"
        )


def _integer(text: str) -> int:
    # As C++ std::stoi: leading blanks, a sign, digits; what follows is ignored.
    number = re.match(r"\s*[+-]?\d+", text)
    if not number:
        raise Refused(f"failed to convert '{text}' to integral number")
    return int(number.group())


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "on", "1", "false", "off", "0"):
        raise Refused(f"failed to convert '{text}' to boolean")
    return text.lower() in ("true", "on", "1")


def _numbers(dims: list[Any]) -> tuple[int, ...]:
    # protobuf's JSON writes 64-bit numbers as strings.
    return tuple(int(dim) for dim in dims)


def _shape(dims: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, dims))}]"
