"""The convolutions of a graph as a network for ncnn, and the rest of the graph as what comes before and after it.

A network for super-resolution is convolutions, sums and rectifiers, between some lines that turn pixels into numbers
and back. Only the convolutions take time, so only they are translated; OpenVINO keeps the rest. The format is described
at https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import openvino
from openvino import opset13
from openvino.passes import ConstantFolding, Manager

FORMAT = "7767517"  # the first line of every network for ncnn
FLOATS = np.float32(0).tobytes()  # before the weights of a convolution: they have 32 bits
CONVOLVED = "convolved"
"""What the network's output is called where the rest of the graph takes it."""


class Untranslatable(Exception):  # noqa: N818 - it reads as what happened
    """ncnn cannot take the graph's convolutions; the message says why."""


@dataclass(frozen=True)
class Network:
    """Convolutions for ncnn: its two files, and the names of what goes in and comes out, float32 (C, H, W) each."""

    structure: str
    weights: bytes
    inputs: tuple[str, ...]
    output: str


@dataclass
class _Layer:
    kind: str
    inputs: list[str]
    output: str
    options: str
    weights: list[np.ndarray] = field(default_factory=list)


def split(model: openvino.Model) -> tuple[openvino.Model, Network, openvino.Model]:
    """What comes before the convolutions, they themselves, and what comes after them. Raises Untranslatable.

    The first model makes the network's inputs, in their order. The last one takes what the graph takes and, after that,
    the network's output as (1, C, H, W). `model` itself is used up.
    """
    folding = Manager()
    folding.register_pass(ConstantFolding())
    folding.run_passes(model)
    found = _Translation()
    inside = {node.get_friendly_name() for node in model.get_ordered_ops() if found.translate(node)}
    ends = {
        value
        for value in found.names
        if value.get_node().get_friendly_name() in inside and _targets_outside(value, inside)
    }
    if len(ends) != 1:
        raise Untranslatable(f"the convolutions have {len(ends)} ends instead of one")
    (end,) = ends
    before = _part(list(found.inputs.values()), model.get_parameters())
    convolved = opset13.parameter(end.get_partial_shape(), np.float32, CONVOLVED)
    convolved.output(0).set_names({CONVOLVED})
    same = opset13.convert(convolved, end.get_element_type().get_type_name()).output(0)
    for target in _targets_outside(end, inside):
        target.replace_source_output(same)
    after = _part(model.get_results(), [*model.get_parameters(), convolved])
    return before, _network(found, found.names[end]), after


class _Translation:
    """The layers so far, while a graph's operations are gone through in their order."""

    def __init__(self) -> None:
        self.layers: list[_Layer] = []
        self.inputs: dict[str, openvino.Output] = {}
        self.names: dict[openvino.Output, str] = {}

    def translate(self, node: openvino.Node) -> bool:
        """Whether this operation is one of the network's."""
        kind, values = node.get_type_name(), node.input_values()
        if kind == "Convolution":
            self._layer(node, _convolution(node, self._source(values[0])))
            return True
        if not all(value in self.names or _constant(value) is not None for value in values) or not values:
            return False
        if kind == "Convert":
            self.names[node.output(0)] = self.names[values[0]]
            return node.get_output_element_type(0).is_real()
        return self._rectifier(node) if kind in ("PRelu", "Relu") else kind == "Add" and self._sum(node)

    def _layer(self, node: openvino.Node, layer: _Layer) -> None:
        layer.output = f"blob{len(self.layers)}"
        self.layers.append(layer)
        self.names[node.output(0)] = layer.output

    def _source(self, value: openvino.Output) -> str:
        """The name of what a convolution takes. What is not the network's own is one more input of it."""
        if value not in self.names:
            self.names[value] = f"input{len(self.inputs)}"
            self.inputs[self.names[value]] = value
        return self.names[value]

    def _rectifier(self, node: openvino.Node) -> bool:
        slope = _constant(node.input_value(1)) if node.get_input_size() > 1 else np.zeros(1)
        if slope is None or slope.size != 1:
            return False
        self._layer(node, _Layer("ReLU", [self.names[node.input_value(0)]], "", f"0={slope.item()}"))
        return True

    def _sum(self, node: openvino.Node) -> bool:
        names = [self.names.get(value) for value in node.input_values()]
        if None not in names:
            self._layer(node, _Layer("BinaryOp", [name for name in names if name], "", "0=0"))
            return True
        return any(
            self._bias(node, value, _constant(other))
            for value, other in (node.input_values(), reversed(node.input_values()))
        )

    def _bias(self, node: openvino.Node, value: openvino.Output, bias: np.ndarray | None) -> bool:
        """Whether `bias`, one number a channel, went into the convolution that it is added to."""
        last = self.layers[-1]
        alone = self.names.get(value) == last.output and len(value.get_target_inputs()) == 1
        if not alone or bias is None or last.kind != "Convolution" or bias.size != len(last.weights[0]):
            return False
        last.weights.append(bias.ravel())
        last.options += " 5=1"
        self.names[node.output(0)] = last.output
        return True


def _convolution(node: openvino.Node, source: str) -> _Layer:
    weights, given = _constant(node.input_value(1)), node.get_attributes()
    if weights is None or weights.ndim != 4 or {*given["strides"], *given["dilations"]} != {1}:
        raise Untranslatable(f"{node.get_friendly_name()} has strides, dilations or weights that are computed")
    if given["auto_pad"] != "explicit" or given["pads_begin"] != given["pads_end"]:
        raise Untranslatable(f"{node.get_friendly_name()} pads its sides differently")
    (rows, columns), (height, width) = given["pads_begin"], weights.shape[2:]
    options = f"0={len(weights)} 1={width} 11={height} 4={columns} 14={rows} 6={weights.size}"
    return _Layer("Convolution", [source], "", options, [weights])


def _network(found: _Translation, output: str) -> Network:
    """The two files. What several layers take is split first, into a name for each."""
    uses = Counter(name for layer in found.layers for name in layer.inputs)
    lines: list[str] = []
    taken: Counter[str] = Counter()

    def make(kind: str, inputs: list[str], name: str, options: str = "") -> None:
        lines.append(f"{kind} {name} {len(inputs)} 1 {' '.join([*inputs, name])} {options}")
        if uses[name] > 1:
            parts = " ".join(f"{name}_{i}" for i in range(uses[name]))
            lines.append(f"Split {name}_split 1 {uses[name]} {name} {parts}")

    def take(name: str) -> str:
        taken[name] += 1
        return f"{name}_{taken[name] - 1}" if uses[name] > 1 else name

    for name in found.inputs:
        make("Input", [], name)
    for layer in found.layers:
        make(layer.kind, [take(name) for name in layer.inputs], layer.output, layer.options)
    blobs = len(found.inputs) + len(found.layers) + sum(count for count in uses.values() if count > 1)
    structure = "\n".join([FORMAT, f"{len(lines)} {blobs}", *lines, ""])
    weights = b"".join(
        FLOATS + b"".join(map(np.ndarray.tobytes, layer.weights)) for layer in found.layers if layer.weights
    )
    return Network(structure, weights, tuple(found.inputs), output)


def _part(results: list, parameters: list) -> openvino.Model:
    return openvino.Model(results, parameters)  # pyright: ignore[reportGeneralTypeIssues] - its stubs are at odds


def _constant(value: openvino.Output) -> np.ndarray | None:
    node = value.get_node()
    while node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    return node.data.astype(np.float32) if node.get_type_name() == "Constant" else None


def _targets_outside(value: openvino.Output, inside: set[str]) -> list[openvino.Input]:
    return [target for target in value.get_target_inputs() if target.get_node().get_friendly_name() not in inside]
