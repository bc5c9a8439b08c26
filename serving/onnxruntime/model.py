"""The stand-in for Triton's C++ ONNX Runtime backend: the same repository, on a CPU or an NVIDIA GPU.

Triton starts one process of this per instance (its "stub"), with this folder on `sys.path` and nothing of the project.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as triton  # pyright: ignore[reportMissingImports] - Triton's stub provides it
from engines import load
from validation import DEFAULT_FILE, Refused, settings


class TritonPythonModel:
    """One instance of one model; Triton calls `execute` for one merged batch of requests at a time."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the graph, or raise TritonModelException with the reason."""
        config = json.loads(args["model_config"])
        cores = int(os.environ.get("SERVING_THREADS") or len(os.sched_getaffinity(0)))
        self._inputs = [tensor["name"] for tensor in config["input"]]
        self._outputs = [tensor["name"] for tensor in config["output"]]
        try:
            chosen = settings(config, cores)
            path = find(Path(args["model_repository"]), args["model_version"], chosen.file, config["name"])
            self._engine, self._reason, said = load(config, args, path, chosen.threads, cores)
        except Refused as error:
            raise triton.TritonModelException(str(error)) from None
        if said:
            triton.Logger.log_warn(said)

    def execute(self, requests: list) -> list:
        """Answer the requests that Triton merged: equal shapes, at most max_batch_size images together.

        All answers at the end: sending each as it comes (`get_response_sender`) crashed tritonserver 2.51 under load.
        """
        answers: list[Any] = [self._feeds(request) for request in requests]
        sound = [i for i, feeds in enumerate(answers) if not isinstance(feeds, Exception)]
        for i, outputs in zip(sound, self._engine.run([answers[i] for i in sound]), strict=True):
            answers[i] = outputs
        return [self._response(answer) for answer in answers]

    def _feeds(self, request) -> dict[str, np.ndarray] | Exception:
        # DLPack, because `Tensor(name, array)` of the stub was built for NumPy 1: with NumPy 2 it sends empty tensors.
        try:
            return {name: np.from_dlpack(triton.get_input_tensor_by_name(request, name)) for name in self._inputs}
        except (RuntimeError, ValueError, triton.TritonModelException) as error:
            return error

    def _response(self, answer: dict[str, np.ndarray] | Exception):
        # A failure is answered, so that only this request fails and not those that were merged with it.
        try:
            if isinstance(answer, Exception):
                raise answer
            tensors = [triton.Tensor.from_dlpack(name, answer[name]) for name in self._outputs]
        except Exception as error:
            return triton.InferenceResponse(error=triton.TritonError(self._reason(error)))
        return triton.InferenceResponse(tensors)


def find(repository: Path, version: str, file: str, name: str) -> Path:
    """The ONNX file of a version; a folder of that name holds `model.onnx`."""
    path = repository / version / file
    path = path / DEFAULT_FILE if path.is_dir() else path
    if not path.is_file():
        raise Refused(f"unable to find '{path}' for model instance '{name}'")
    return path
