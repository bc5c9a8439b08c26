"""Runs a graph on a CPU by OpenVINO, which computes in bfloat16 where the CPU has AMX. ONNX Runtime cannot."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openvino
from validation import FREE, Graph, Refused, Tensor

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
Arrays = dict[str, np.ndarray]


class Engine:
    """One graph, ready to run after `prepare`. Raises Refused where the file cannot be read."""

    def __init__(self, path: Path) -> None:
        self._model = read(path)
        self.graph = signature(self._model)

    def prepare(self, threads: int, cores: int, batched: bool) -> None:
        """Compile it for runs of `threads` each. `batched` says whether the first dimension counts pictures."""
        self._batched = batched
        # A stream for each core, though instances share them: Triton merges what arrives before an instance has woken
        # up, and the other instance then has nothing to do. Two that are busy share the cores as all processes do.
        streams = max(1, cores // threads)
        # Unpinned, because every instance is a process of its own and all would pin to the same first core.
        self._compiled = openvino.Core().compile_model(
            self._model,
            "CPU",
            {
                "PERFORMANCE_HINT": "LATENCY",
                "NUM_STREAMS": streams,
                "INFERENCE_NUM_THREADS": streams * threads,
                "ENABLE_CPU_PINNING": False,
                # Kernels of the last few shapes; by default 1.6 MB stays for every shape ever seen.
                "CPU_RUNTIME_CACHE_CAPACITY": 128,
            },
        )
        self._runs: list[openvino.InferRequest] = []

    def run(self, requests: list[Arrays]) -> list[Arrays | Exception]:
        """The outputs of each request, or why there are none. They hold until the next call.

        Image by image, not one tensor of N: a layer's activations then stay in the cache (4 tiles of 256x256 took
        a tenth longer as one tensor), memory does not grow with N, and nothing is copied together and apart again.
        """
        runs = self._pool()
        started = [self._start(request, runs) for request in requests]
        return [self._finish(images) for images in started]

    def _pool(self) -> Iterator[openvino.InferRequest]:
        # Each run owns its output.
        yield from self._runs
        while True:
            self._runs.append(self._compiled.create_infer_request())
            yield self._runs[-1]

    def _start(self, feeds: Arrays, runs: Iterator[openvino.InferRequest]) -> list[openvino.InferRequest] | Exception:
        """The runs of a request's images, under way; or why they cannot be."""
        under_way: list[openvino.InferRequest] = []
        try:
            for image in pictures(feeds, self._batched):
                run = next(runs)
                run.start_async(image, share_inputs=True)
                under_way.append(run)
        except (RuntimeError, ValueError) as error:
            for run in under_way:  # they read the request's memory
                run.wait()
            return error
        return under_way

    def _finish(self, images: list[openvino.InferRequest] | Exception) -> Arrays | Exception:
        if isinstance(images, Exception):
            return images
        try:
            for run in images:
                run.wait()
            names = [tensor.name for tensor in self.graph.outputs]
            return together([{name: run.get_tensor(name).data for name in names} for run in images])
        except (RuntimeError, ValueError) as error:
            return error


def read(path: Path) -> openvino.Model:
    """The graph in a file. Raises Refused."""
    try:
        return openvino.Core().read_model(path)
    except RuntimeError as error:
        raise Refused(f"Load model from {path} failed: {reason(error)}") from None


def signature(model: openvino.Model) -> Graph:
    """The names, data types and dims of what goes in and comes out."""
    return Graph(tuple(map(_tensor, model.inputs)), tuple(map(_tensor, model.outputs)))


def pictures(feeds: Arrays, batched: bool) -> list[Arrays]:
    """A request as one for each of its pictures, if the first dimension counts them."""
    count = len(next(iter(feeds.values()))) if batched else 1
    return [feeds] if count == 1 else [{k: v[i : i + 1] for k, v in feeds.items()} for i in range(count)]


def together(each: list[Arrays]) -> Arrays:
    """What came of the pictures of a request, as its outputs."""
    return each[0] if len(each) == 1 else {name: np.concatenate([one[name] for one in each]) for name in each[0]}


def reason(error: Exception) -> str:
    """The last line of OpenVINO's message, which is the one that tells; those before it are places in its source."""
    return str(error).strip().splitlines()[-1].strip()


def _tensor(port) -> Tensor:
    dims = tuple(dim.get_length() if dim.is_static else FREE for dim in port.get_partial_shape())
    return Tensor(port.get_any_name(), DATATYPES.get(port.get_element_type().get_type_name(), "TYPE_INVALID"), dims)
