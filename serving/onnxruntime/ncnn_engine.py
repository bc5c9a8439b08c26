"""Runs a graph on a CPU without bfloat16: its convolutions by ncnn, which takes less time for them than OpenVINO.

ncnn computes 3x3 convolutions by Winograd's algorithm, with fewer multiplications: with AVX2, a tile took 0.47 to 0.57
of OpenVINO's time, and a third more memory. Numbers have 32 bits in both, and few pixels differ, by one of 255.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import openvino
from convolutions import CONVOLVED, Network, Untranslatable, split
from ncnn.ncnn import Mat, Net  # pyright: ignore[reportMissingImports] - compiled
from openvino_engine import Arrays, pictures, read, reason, signature, together
from validation import Refused

__all__ = ["Engine", "reason"]


class Engine:
    """One graph, ready to run after `prepare`. Raises Refused where the file cannot be read or ncnn cannot take it."""

    def __init__(self, path: Path) -> None:
        model = read(path)
        self.graph = signature(model)
        try:
            self._before, self._network, self._after = split(model)
        except Untranslatable as error:
            raise Refused(f"ncnn cannot run {path}: {error}") from None

    def prepare(self, threads: int, cores: int, batched: bool) -> None:
        """As OpenVINO's: runs of `threads` each, and several at once where there are more cores than that."""
        self._batched = batched
        self._net = _load(self._network, threads)
        self._threads = ThreadPoolExecutor(max(1, cores // threads))
        settings = {
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": 1,
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": "f32",  # as ncnn, also where somebody chose it on a CPU with bfloat16
        }
        self._start, self._end = (
            openvino.Core().compile_model(part, "CPU", settings) for part in (self._before, self._after)
        )

    def run(self, requests: list[Arrays]) -> list[Arrays | Exception]:
        """The outputs of each request, or why there are none."""
        started = [
            [self._threads.submit(self._picture, picture) for picture in pictures(request, self._batched)]
            for request in requests
        ]
        return [_finish(each) for each in started]

    def _picture(self, feeds: Arrays) -> Arrays:
        if not all(array.size for array in feeds.values()):
            raise ValueError("a picture without pixels")
        start, end = self._start.create_infer_request(), self._end.create_infer_request()
        start.infer(feeds, share_inputs=True)
        given = [np.ascontiguousarray(tensor.data[0], np.float32) for tensor in start.output_tensors]
        extractor = self._net.create_extractor()
        for name, array in zip(self._network.inputs, given, strict=True):
            extractor.input(name, Mat(array))
        failed, convolved = extractor.extract(self._network.output)
        if failed:
            raise RuntimeError("ncnn could not compute it: is there enough memory?")
        end.infer({**feeds, CONVOLVED: np.asarray(convolved)[None]}, share_inputs=True)
        return {tensor.name: end.get_tensor(tensor.name).data for tensor in self.graph.outputs}


def _load(network: Network, threads: int) -> Net:
    net = Net()
    net.opt.num_threads = threads
    for shorter in ("fp16_storage", "fp16_packed", "fp16_arithmetic", "bf16_storage", "bf16_packed"):
        setattr(net.opt, f"use_{shorter}", False)  # half the digits would change one pixel in seven
    with TemporaryDirectory() as folder:  # from memory it would not copy the weights
        structure, weights = Path(folder, "network.param"), Path(folder, "network.bin")
        structure.write_text(network.structure)
        weights.write_bytes(network.weights)
        if net.load_param(str(structure)) or net.load_model(str(weights)):
            raise Refused("ncnn cannot read what the graph was translated into")
    return net


def _finish(each: list[Future[Arrays]]) -> Arrays | Exception:
    try:
        return together([picture.result() for picture in each])
    except (RuntimeError, ValueError) as error:
        for picture in each:
            picture.cancel()
        return error
