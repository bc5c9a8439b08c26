"""Runs a graph by ONNX Runtime: on an NVIDIA GPU with CUDA, or TensorRT where that is installed."""

import importlib
import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from validation import FREE, Graph, Refused, Tensor

DATATYPES = {
    "bool": "TYPE_BOOL",
    "uint8": "TYPE_UINT8",
    "uint16": "TYPE_UINT16",
    "uint32": "TYPE_UINT32",
    "uint64": "TYPE_UINT64",
    "int8": "TYPE_INT8",
    "int16": "TYPE_INT16",
    "int32": "TYPE_INT32",
    "int64": "TYPE_INT64",
    "float16": "TYPE_FP16",
    "float": "TYPE_FP32",
    "double": "TYPE_FP64",
    "string": "TYPE_STRING",
}
CPU, CUDA, TENSORRT = "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"
CONVOLUTIONS = ("EXHAUSTIVE", "HEURISTIC", "DEFAULT")  # cudnn_conv_algo_search as the C++ backend counts
ARENA = ("kNextPowerOfTwo", "kSameAsRequested")  # arena_extend_strategy, likewise
Arrays = dict[str, np.ndarray]


class Engine:
    """One graph, loaded for the first of the `providers` that can be had.

    Raises Refused where the file cannot be read, or where none but a CPU can be had. `batched` says whether the first
    dimension counts pictures; `threads` matter on a CPU.
    """

    def __init__(self, path: Path, providers: list[tuple[str, dict[str, Any]]], threads: int, batched: bool) -> None:
        self._batched = batched
        gpu = providers[0][0] != CPU
        if gpu:
            onnxruntime.preload_dlls()  # CUDA and cuDNN from their wheels, which no loader looks into
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=[*providers, CPU])
        except Exception as error:  # its exceptions have no common class
            raise Refused(f"Load model from {path} failed: {reason(error)}") from None
        if gpu and self._session.get_providers()[0] == CPU:  # it only logs why, and takes the next one
            raise Refused(f"ONNX Runtime cannot use {providers[-1][0]}: its log (--verbose) tells why")
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self.graph = Graph(tuple(map(_tensor, inputs)), tuple(map(_tensor, outputs)))

    def run(self, requests: list[Arrays]) -> list[Arrays | Exception]:
        """The outputs of each request, or why there are none.

        Requests of one shape become one tensor of all their images, which a GPU computes in little more time than one.
        Where that fails, each runs alone, so that only the one at fault does.
        """
        if not self._batched or len(requests) == 1 or len({_shapes(request) for request in requests}) != 1:
            return [self._attempt(request) for request in requests]
        together = self._attempt({name: np.concatenate([each[name] for each in requests]) for name in requests[0]})
        if isinstance(together, Exception):
            return [self._attempt(request) for request in requests]
        ends = np.cumsum([len(next(iter(request.values()))) for request in requests])[:-1]
        parts = {name: np.split(data, ends) for name, data in together.items()}
        return [{name: data[i] for name, data in parts.items()} for i in range(len(requests))]

    def _attempt(self, feeds: Arrays) -> Arrays | Exception:
        names = [tensor.name for tensor in self.graph.outputs]
        try:
            return dict(zip(names, map(np.asarray, self._session.run(names, feeds)), strict=True))
        except Exception as error:  # its exceptions have no common class
            return error


def gpu_providers(config: dict[str, Any], device: int) -> list[tuple[str, dict[str, Any]]]:
    """What a model's configuration asks for on GPU number `device`: TensorRT where it is installed, and CUDA."""
    parameters = {key: entry.get("string_value", "") for key, entry in config.get("parameters", {}).items()}
    cuda: dict[str, Any] = {"device_id": device}
    if "cudnn_conv_algo_search" in parameters:
        cuda["cudnn_conv_algo_search"] = CONVOLUTIONS[int(parameters["cudnn_conv_algo_search"])]
    if "arena_extend_strategy" in parameters:
        cuda["arena_extend_strategy"] = ARENA[int(parameters["arena_extend_strategy"])]
    if "gpu_mem_limit" in parameters:
        cuda["gpu_mem_limit"] = int(parameters["gpu_mem_limit"])
    accelerators = config.get("optimization", {}).get("execution_accelerators", {})
    asked = [each for each in accelerators.get("gpu_execution_accelerator", []) if each["name"] == "tensorrt"]
    if not asked or not importlib.util.find_spec("tensorrt"):
        return [(CUDA, cuda)]
    importlib.import_module("tensorrt")  # loads its libraries, which no loader would find
    options = {key: value for key, value in asked[0].get("parameters", {}).items() if key.startswith("trt_")}
    if not os.access(options.get("trt_engine_cache_path", ""), os.W_OK):
        options["trt_engine_cache_enable"] = options["trt_timing_cache_enable"] = "0"
    return [(TENSORRT, {"device_id": device, **options}), (CUDA, cuda)]


def reason(error: Exception) -> str:
    """ONNX Runtime's message, less the code and the name of the error before it."""
    return str(error).strip().splitlines()[0].split(" : ", 3)[-1].strip() if str(error).strip() else repr(error)


def _shapes(feeds: Arrays) -> tuple:
    return tuple((name, data.shape[1:]) for name, data in feeds.items())


def _tensor(node) -> Tensor:
    dims = tuple(dim if isinstance(dim, int) else FREE for dim in node.shape)
    return Tensor(node.name, DATATYPES.get(node.type.removeprefix("tensor(").removesuffix(")"), "TYPE_INVALID"), dims)
