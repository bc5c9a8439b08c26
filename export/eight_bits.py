"""The served graph with its trunk in eight bits, for CPUs that multiply those faster than 16 (VNNI, AMX).

The ranges of the numbers are measured on photos, degraded as training degrades them; what lies outside a range is cut
off. What reads and writes pixels stays in float, and so do the sums of the first and last blocks: each costs about one
percent of the speed, and rounding them loses more than rounding those between. The loss is measured by ONNX Runtime
here, and OpenVINO is what serves: run `benchmarks/int8.py` after each change.
"""

import io
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.onnx_model import ONNXModel

from export.graph import INPUT, IR_VERSION, ExportError, write
from training.dataset import Pairs, find_photos, read_reduced
from training.degradation import Photo
from training.evaluation import onnx_enhancer
from training.generator import Generator
from training.metrics import psnr_y

CROPS, SIDE = 64, 96
"""So many small crops, so many px wide and high, are what ranges and loss are measured on."""
INSIDE = 99.9997
"""This share of the numbers lies within their range, percent. With all of them inside, the steps between 256 values
are so large that results are farther from those in float: by 1.4 of 255 levels (root mean square) instead of 1.1."""
AT_ONCE = 4
"""Crops whose numbers are in memory at the same time, about 170 MB each."""
ALLOWED = 0.05
"""The largest loss that is allowed, dB of PSNR-Y."""
TRUNK = "generator.body."
"""What the names of the residual blocks' weights begin with."""
FIRST, LAST = 2, 6
"""So many blocks, from the first and from the last, add their input and output in float."""


def write_in_eight_bits(generator: Generator, photos: Path, path: Path) -> float:
    """Write the graph to `path`; return how much PSNR-Y it loses, dB.

    Raises ExportError where that is more than ALLOWED, and PhotosError where the photos are none.
    """
    pairs = crops(photos)
    with TemporaryDirectory() as folder:
        plain = Path(folder, "float.onnx")
        convolutions, sums = trunk(write(generator, plain, torch.float32).graph)
        with _quietly():
            quantize_static(
                plain,
                path,
                _Reader(pairs),
                quant_format=QuantFormat.QDQ,
                nodes_to_quantize=[*convolutions, *sums],
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.Percentile,
                extra_options={
                    "CalibPercentile": INSIDE,
                    "CalibStridedMinMax": AT_ONCE,  # it holds for percentiles, too
                    # A number is rounded where a convolution or a sum of the trunk reads it, and stays as it is for
                    # others.
                    "OpTypesToExcludeOutputQuantization": ["Conv", "Add"],
                    "DedicatedQDQPair": True,
                },
            )
        _tidy(path, {*sums[:FIRST], *sums[-LAST:]})
        lost = mean_psnr(plain, pairs) - mean_psnr(path, pairs)
    if lost > ALLOWED:
        raise ExportError(f"in eight bits the graph loses {lost:.2f} dB of PSNR-Y; {ALLOWED} is allowed")
    return lost


def crops(folder: Path) -> list[tuple[Photo, Photo]]:
    """(small, truth) each, from photos all over the folder, always the same. Raises PhotosError."""
    files = find_photos(folder)
    pairs = Pairs(map(read_reduced, files[:: len(files) // CROPS + 1]), SIDE)
    return [tuple(tensor.permute(1, 2, 0).numpy() for tensor in pairs[i]) for i in range(CROPS)]  # pyright: ignore[reportReturnType]


def trunk(graph: onnx.GraphProto) -> tuple[list[str], list[str]]:
    """The names of its convolutions, and of the sums of each block's input and output, in the order of the blocks."""
    convolutions = [node for node in graph.node if node.op_type == "Conv" and node.input[1].startswith(TRUNK)]
    convolved = {node.output[0] for node in convolutions}
    sums = [node for node in graph.node if node.op_type == "Add" and convolved.intersection(node.input)]
    return [node.name for node in convolutions], [node.name for node in sums]


def read_unrounded(graph: onnx.GraphProto, names: Collection[str]) -> None:
    """Let these nodes read numbers as they are, not rounded to eight bits.

    A node that is not in `nodes_to_quantize` reads some of them rounded all the same: what exactly one listed node
    reads is replaced for all its readers. Such a graph lost 2 dB in OpenVINO.
    """
    unrounded = {}
    for node in graph.node:  # each comes after what it reads
        if node.op_type == "QuantizeLinear":
            unrounded[node.output[0]] = node.input[0]
        elif node.op_type == "DequantizeLinear" and node.input[0] in unrounded:
            unrounded[node.output[0]] = unrounded[node.input[0]]
        elif node.name in names:
            node.input[:] = [unrounded.get(name, name) for name in node.input]


def mean_psnr(path: Path, pairs: list[tuple[Photo, Photo]]) -> float:
    """Of the enhanced crops, dB."""
    enhance = onnx_enhancer(path, as_written=True)
    return float(np.mean([psnr_y(enhance(small), truth) for small, truth in pairs]))


@contextmanager
def _quietly() -> Iterator[None]:
    """It tells of its progress in its own terms, and warns of a preparation that is left out, because it would fold the
    names away by which the trunk is found."""
    logger = logging.getLogger()
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(before)


class _Reader(CalibrationDataReader):
    """Gives the small crops of the range that was asked for."""

    def __init__(self, pairs: list[tuple[Photo, Photo]]) -> None:
        self._small = [small for small, _ in pairs]
        self.set_range(0, len(pairs))

    def __len__(self) -> int:
        return len(self._small)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._range = iter(self._small[start_index:end_index])

    def get_next(self) -> dict[str, Photo]:
        small = next(self._range, None)
        return {} if small is None else {INPUT: small[None]}


def _tidy(path: Path, in_float: Collection[str]) -> None:
    """Leave these nodes in float, and the graph as `write` does: of a version that old runtimes load, without notes of
    this machine."""
    model = ONNXModel(onnx.load(path))
    read_unrounded(model.model.graph, in_float)
    _remove_unread(model)
    model.model.ir_version = min(model.model.ir_version, IR_VERSION)
    onnx.save(model.model, path)


def _remove_unread(model: ONNXModel) -> None:
    """Remove what nobody reads: first nodes, from the last to the first, and then their numbers."""
    read = {output.name for output in model.graph().output}
    for node in reversed(list(model.nodes())):
        if read.isdisjoint(node.output):
            model.remove_node(node)
        else:
            read.update(node.input)
    model.clean_initializers()
