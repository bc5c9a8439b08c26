"""The stand-in for Triton's C++ ONNX Runtime backend on a CPU: the same repository, run by OpenVINO.

Triton starts one process of this per instance (its "stub"), with this folder on `sys.path` and nothing of the project.
OpenVINO computes in bfloat16 where the CPU has AMX, which ONNX Runtime cannot.
"""

import json
import os
from pathlib import Path

import numpy as np
import openvino
import triton_python_backend_utils as triton  # pyright: ignore[reportMissingImports] - Triton's stub provides it
from validation import DEFAULT_FILE, FREE, Graph, Refused, Tensor, check, settings

DATATYPES = {
    "boolean": "TYPE_BOOL",
    "u8": "TYPE_UINT8",
    "u16": "TYPE_UINT16",
    "u32": "TYPE_UINT32",
    "u64": "TYPE_UINT64",
    "i8": "TYPE_INT8",
    "i16": "TYPE_INT16",
    "i32": "TYPE_INT32",
    "i64": "TYPE_INT64",
    "f16": "TYPE_FP16",
    "f32": "TYPE_FP32",
    "f64": "TYPE_FP64",
    "string": "TYPE_STRING",
}


class TritonPythonModel:
    """One instance of one model; Triton calls `execute` for one merged batch of requests at a time."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the graph, or raise TritonModelException with the reason."""
        config = json.loads(args["model_config"])
        cores = int(os.environ.get("SERVING_THREADS") or len(os.sched_getaffinity(0)))
        try:
            chosen = settings(config, cores)
            model = read(find(Path(args["model_repository"]), args["model_version"], chosen.file, config["name"]))
            check(config, signature(model))
        except Refused as error:
            raise triton.TritonModelException(str(error)) from None
        self._batched = config["max_batch_size"] > 0
        self._inputs = [tensor["name"] for tensor in config["input"]]
        self._outputs = [tensor["name"] for tensor in config["output"]]
        # A stream for each core, though instances share them: Triton merges what arrives before an instance has woken
        # up, and the other instance then has nothing to do. Two that are busy share the cores as all processes do.
        streams = max(1, cores // chosen.threads)
        # Unpinned, because every instance is a process of its own and all would pin to the same first core.
        self._compiled = openvino.Core().compile_model(
            model,
            "CPU",
            {
                "PERFORMANCE_HINT": "LATENCY",
                "NUM_STREAMS": streams,
                "INFERENCE_NUM_THREADS": streams * chosen.threads,
                "ENABLE_CPU_PINNING": False,
                # Kernels of the last few shapes; by default 1.6 MB stays for every shape ever seen.
                "CPU_RUNTIME_CACHE_CAPACITY": 128,
            },
        )
        self._runs: list[openvino.InferRequest] = []

    def execute(self, requests: list) -> list:
        """Answer the requests that Triton merged: equal shapes, at most max_batch_size images together."""
        # Image by image, not one tensor of N: a layer's activations then stay in the cache (4 tiles of 256x256 took
        # a tenth longer as one tensor), memory does not grow with N, and nothing is copied together and apart again.
        # All answers at the end: sending each as it comes (`get_response_sender`) crashed tritonserver 2.51 under load.
        runs = self._pool()
        started = [self._start(request, runs) for request in requests]
        return [self._answer(images) for images in started]

    def _pool(self):
        # Each run owns its output until Triton has copied it, after `execute` has returned.
        yield from self._runs
        while True:
            self._runs.append(self._compiled.create_infer_request())
            yield self._runs[-1]

    def _start(self, request, runs) -> list[openvino.InferRequest] | Exception:
        """The runs of a request's images, under way; or why they cannot be."""
        under_way: list[openvino.InferRequest] = []
        # DLPack, because `Tensor(name, array)` of the stub was built for NumPy 1: with NumPy 2 it sends empty tensors.
        try:
            feeds = {name: np.from_dlpack(triton.get_input_tensor_by_name(request, name)) for name in self._inputs}
            images = len(feeds[self._inputs[0]]) if self._batched else 1
            each = [feeds] if images == 1 else [{k: v[i : i + 1] for k, v in feeds.items()} for i in range(images)]
            for image in each:
                run = next(runs)
                run.start_async(image, share_inputs=True)
                under_way.append(run)
        except (RuntimeError, ValueError, triton.TritonModelException) as error:
            for run in under_way:  # they read the request's memory
                run.wait()
            return error
        return under_way

    def _answer(self, images: list[openvino.InferRequest] | Exception):
        # A failure is answered, so that only this request fails and not those that were merged with it.
        if isinstance(images, Exception):
            return triton.InferenceResponse(error=triton.TritonError(reason(images)))
        try:
            for run in images:
                run.wait()
            each = {name: [run.get_tensor(name).data for run in images] for name in self._outputs}
            tensors = [
                triton.Tensor.from_dlpack(name, data[0] if len(data) == 1 else np.concatenate(data))
                for name, data in each.items()
            ]
        except (RuntimeError, ValueError, triton.TritonModelException) as error:
            return triton.InferenceResponse(error=triton.TritonError(reason(error)))
        return triton.InferenceResponse(tensors)


def find(repository: Path, version: str, file: str, name: str) -> Path:
    """The ONNX file of a version; a folder of that name holds `model.onnx`."""
    path = repository / version / file
    path = path / DEFAULT_FILE if path.is_dir() else path
    if not path.is_file():
        raise Refused(f"unable to find '{path}' for model instance '{name}'")
    return path


def read(path: Path) -> openvino.Model:
    """Read an ONNX file, or raise Refused."""
    try:
        return openvino.Core().read_model(path)
    except RuntimeError as error:
        raise Refused(f"Load model from {path} failed: {reason(error)}") from None


def signature(model: openvino.Model) -> Graph:
    """Names, data types and dims of the graph's inputs and outputs."""
    return Graph(inputs=tuple(map(_tensor, model.inputs)), outputs=tuple(map(_tensor, model.outputs)))


def reason(error: Exception) -> str:
    """The last line of OpenVINO's message, which is the one that tells; those before it are places in its source."""
    return str(error).strip().splitlines()[-1].strip()


def _tensor(port) -> Tensor:
    dims = tuple(dim.get_length() if dim.is_static else FREE for dim in port.get_partial_shape())
    return Tensor(port.get_any_name(), DATATYPES.get(port.get_element_type().get_type_name(), "TYPE_INVALID"), dims)
