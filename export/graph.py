"""The generator as Triton serves it: pixels in, pixels out, every conversion inside the graph."""

import copy
import hashlib
import logging
import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from training import SCALE
from training.generator import Generator

INPUT, OUTPUT = "image", "enhanced"
OPSET = 18
IR_VERSION = 10
"""What the ONNX Runtime in Triton 24.10 still loads."""


class ExportError(ValueError):
    """A graph that must not be served; the message says why."""


class Served(nn.Module):
    """uint8 (N, H, W, 3) to uint8 (N, 4H, 4W, 3): the generator, laid out for speed, in half precision inside.

    Another `precision` is for a graph that is not served itself (export/eight_bits.py).

    - The convolutions that read the photo, and those that write it, take over the scaling by 255: bfloat16, in which
      CPUs with AMX compute, holds whole numbers up to 256 exactly and their 255th parts not at all.
    - Weights and features are float16 in the graph itself, so that no server needs a switch for it (TensorRT 11 has
      none), and the file is half as large. The sum of photo and detail is float32: float16 is too coarse near 255.
    - Repeating each pixel is a 1x1 convolution that runtimes add in place.
    - Rounding to bytes comes before the shuffle, which then moves runs of 12 bytes, the channels lying in that order.
    """

    repeat: Tensor

    def __init__(self, generator: Generator, precision: torch.dtype = torch.float16) -> None:
        super().__init__()
        self.precision = precision
        self.generator = scaled = copy.deepcopy(generator).eval().requires_grad_(False)
        places = SCALE**2
        order = torch.arange(3 * places).view(3, places).T.flatten()  # colour innermost
        for name, parameter in scaled.named_parameters():
            layer = name.removesuffix(".weight").removesuffix(".bias")
            if layer in scaled.READS_PHOTO and name.endswith("weight"):
                parameter.div_(255)
            if layer in scaled.WRITES_PHOTO:
                parameter.copy_(parameter[order] * 255)
        scaled.to(precision)
        self.register_buffer("repeat", torch.eye(3).repeat_interleave(places, 0)[order].view(3 * places, 3, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        photo = image.float().permute(0, 3, 1, 2)  # in this order: TensorRT takes bytes only to cast them at once
        enhanced = self.generator.detail(photo.to(self.precision)).float() + conv2d(photo, self.repeat)
        bytes_ = enhanced.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1)
        n, h, w, _ = bytes_.shape
        rows = bytes_.reshape(n, h, w, SCALE, 3 * SCALE).transpose(2, 3)
        return rows.reshape(n, SCALE * h, SCALE * w, 3)


def write(generator: Generator, path: Path, precision: torch.dtype = torch.float16) -> onnx.ModelProto:
    """Export to `path` and return the graph, as OPSET and IR_VERSION say, with height, width and batch free.

    Its name ends in a digest of all that is in it.
    """
    free = {0: torch.export.Dim("N"), 1: torch.export.Dim("H"), 2: torch.export.Dim("W")}
    sample = torch.zeros(2, 24, 32, 3, dtype=torch.uint8)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, which nothing here uses
    with warnings.catch_warnings():  # the exporter uses calls that torch itself deprecates
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            Served(generator, precision).eval(), (sample,), dynamo=True, opset_version=OPSET, dynamic_shapes=(free,),
            input_names=[INPUT], output_names=[OUTPUT], optimize=True, verbose=False,
        )  # fmt: skip
    model = program.model_proto  # pyright: ignore[reportOptionalMemberAccess]  dynamo=True always returns one
    model.ir_version = min(model.ir_version, IR_VERSION)
    # What the exporter notes down holds paths of this machine.
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        del part.metadata_props[:]
    # ONNX Runtime finds TensorRT's engines by the names of graph and nodes: other weights must have another.
    graph.name += f"_{hashlib.sha256(graph.SerializeToString()).hexdigest()[:12]}"
    onnx.save(model, path)
    return model
