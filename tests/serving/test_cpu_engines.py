"""The two engines of a CPU, as Triton's stub loads them, on small graphs; and which of them is taken."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.processes import ROOT

HERE = ROOT / "serving" / "onnxruntime"
FLOAT = TensorProto.FLOAT
AMD = "flags\t\t: fpu avx2 fma avx512f avx512_bf16 avx512_vnni\n"
INTEL = "flags\t\t: fpu avx2 amx_tile amx_bf16\n"
LATER = "flags\t\t: fpu avx2 avx_vnni\n"
OLDER = "flags\t\t: fpu avx2 fma bmi2\nbugs\t\t: amx_bf16\n"


@pytest.fixture(scope="module")
def engines() -> Iterator[SimpleNamespace]:
    """The modules of the engines and of the choice. Their folder is on the path, as in Triton's stub."""
    sys.path.insert(0, str(HERE))
    ncnn, openvino, choice = map(import_module, ("ncnn_engine", "openvino_engine", "engines"))
    yield SimpleNamespace(ncnn=ncnn, openvino=openvino, choice=choice)
    sys.path.remove(str(HERE))


def node(kind: str, inputs: str, output: str, **options) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], **options)


def conv(number: int, source: str, bias: bool = True, side: int = 3, **options) -> onnx.NodeProto:
    """Convolution `number`: weights wNUMBER and bias bNUMBER, result cNUMBER."""
    around = {"pads": [side // 2] * 4, **options}
    return node("Conv", f"{source} w{number} {f'b{number}' if bias else ''}".strip(), f"c{number}", **around)


SHAPES = {"w0": (6, 3, 3, 3), "w1": (6, 6, 3, 3), "w2": (48, 6, 3, 3), "w3": (48, 3, 1, 1), "w4": (6, 6, 1, 3)}
HEAD = (node("Cast", "image", "float", to=FLOAT), node("Transpose", "float", "planes", perm=[0, 3, 1, 2]))
GRAPHS = {
    "a residual block": [
        conv(0, "planes"), conv(1, "c0"), node("LeakyRelu", "c1", "r", alpha=0.2), conv(4, "r", pads=[0, 1, 0, 1]),
        node("Add", "c0 c4", "sum"), conv(2, "sum"),
    ],
    "without bias, with a skip from what comes before": [
        conv(0, "planes", bias=False), node("Relu", "c0", "r"), conv(2, "r", bias=False), conv(3, "planes", side=1),
        node("Add", "c2 c3", "sum"),
    ],
    "two inputs": [
        node("Mul", "planes half", "dim"), conv(0, "dim"), conv(2, "c0"), conv(3, "planes", side=1),
        node("Add", "c3 c2", "sum"),
    ],
    "a sum with what is no convolution": [
        conv(0, "planes"), conv(2, "c0"), node("Concat", " ".join(["planes"] * 16), "many", axis=1),
        node("Add", "many c2", "sum"),
    ],
    "a bias that is added": [conv(0, "planes"), conv(2, "c0", bias=False), node("Add", "c2 wide", "sum")],
    "in half precision": [
        node("Cast", "planes", "short", to=TensorProto.FLOAT16), conv(0, "short"), conv(2, "c0"),
        node("Cast", "c2", "sum", to=FLOAT),
    ],
}  # fmt: skip
UNTAKEN = {
    "two ends": ([conv(0, "planes"), conv(2, "c0"), node("ReduceMean", "c0", "mean", keepdims=1),
                  node("Add", "c2 mean", "sum")], "2 ends"),
    "a stride": ([conv(0, "planes", strides=[2, 2]), conv(2, "c0")], "strides"),
    "other sides": ([conv(0, "planes", pads=[2, 1, 0, 1]), conv(2, "c0")], "differently"),
    "no convolution": ([node("Concat", " ".join(["planes"] * 16), "sum", axis=1)], "0 ends"),
}  # fmt: skip


def write(path: Path, body: list[onnx.NodeProto]) -> Path:
    """A graph from pixels (N, H, W, 3) to pixels (N, H, W, 48), both uint8, with `body` between."""
    draw = np.random.default_rng(0)
    half = any(each.op_type == "Cast" for each in body)
    kind = np.float16 if half else np.float32
    tensors = {name: draw.normal(0, 0.3, shape) for name, shape in SHAPES.items()}
    tensors |= {name.replace("w", "b"): draw.normal(0, 9, shape[0]) for name, shape in SHAPES.items()}
    tensors |= {"wide": draw.normal(0, 9, (1, 48, 1, 1)), "half": np.array(0.5)}
    used = {name for each in body for name in each.input}
    given = [numpy_helper.from_array(tensors[name].astype(kind), name) for name in tensors if name in used]
    ends = [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in (("low", 0), ("high", 255))]
    tail = [
        node("Clip", f"{body[-1].output[0]} low high", "clipped"),
        node("Transpose", "clipped", "last", perm=[0, 2, 3, 1]),
        node("Round", "last", "whole"), node("Cast", "whole", "enhanced", to=TensorProto.UINT8),
    ]  # fmt: skip
    taken = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", "H", "W", 3])
    made = helper.make_tensor_value_info("enhanced", TensorProto.UINT8, ["N", "H2", "W2", 48])
    graph = helper.make_graph([*HEAD, *body, *tail], "small", [taken], [made], [*given, *ends])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("shape", [(1, 16, 16, 3), (3, 7, 21, 3), (1, 1, 1, 3)], ids=str)
def test_both_give_the_same_pixels_as_onnx_runtime(engines, name, shape, tmp_path):
    path = write(tmp_path / "model.onnx", GRAPHS[name])
    image = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    wanted = np.asarray(session.run(None, {"image": image})[0])
    assert wanted.shape == (*shape[:3], 48)
    assert len(np.unique(wanted)) > 10

    rounding = 2 if "half" in name else 1
    # OpenVINO computes in bfloat16 where the CPU has it, with 8 bits of each of the numbers that are summed up.
    coarse = 32 if engines.choice.has_bfloat16(Path("/proc/cpuinfo").read_text()) else rounding
    for engine, most in ((engines.ncnn, rounding), (engines.openvino, coarse)):
        pixels = made(engine, path).run([{"image": image}])[0]["enhanced"]
        assert pixels.shape == wanted.shape
        assert np.abs(pixels.astype(int) - wanted).max() <= most


def made(engine: ModuleType, path: Path):
    """In a thread: OpenVINO gives the thread that compiles a stack for signal handlers, and where two models end in the
    order of their beginning, the thread is left with one that is unmapped. The next signal ended pytest without a word.
    """
    loaded = engine.Engine(path)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(loaded.prepare, 1, 2, batched=True).result()
    return loaded


def test_the_signature_is_the_graphs(engines, tmp_path):
    path = write(tmp_path / "model.onnx", GRAPHS["two inputs"])
    ours, theirs = (engine.Engine(path).graph for engine in (engines.ncnn, engines.openvino))
    assert ours == theirs


@pytest.mark.parametrize("name", UNTAKEN)
def test_what_it_cannot_take_is_said(engines, name, tmp_path):
    body, why = UNTAKEN[name]
    with pytest.raises(engines.ncnn.Refused, match=rf"ncnn cannot run .*{why}"):
        engines.ncnn.Engine(write(tmp_path / "model.onnx", body))


def test_requests_together_get_their_own_answers_and_a_bad_one_a_reason(engines, tmp_path):
    engine = made(engines.ncnn, write(tmp_path / "model.onnx", GRAPHS["a residual block"]))
    draw = np.random.default_rng(2)
    images = [draw.integers(0, 256, (1 + i % 2, 5 + i, 8, 3), np.uint8) for i in range(5)]
    images.insert(2, np.zeros((1, 0, 8, 3), np.uint8))
    answers = engine.run([{"image": image} for image in images])

    assert isinstance(answers.pop(2), ValueError)
    images.pop(2)
    for image, answer in zip(images, answers, strict=True):
        assert np.array_equal(answer["enhanced"], engine.run([{"image": image}])[0]["enhanced"])


@pytest.mark.parametrize(("cpuinfo", "has"), [(AMD, True), (INTEL, True), (OLDER, False), ("", False)])
def test_a_cpu_with_bfloat16_is_known(engines, cpuinfo, has):
    assert engines.choice.has_bfloat16("processor\t: 0\n" + cpuinfo) is has


@pytest.mark.parametrize(("cpuinfo", "has"), [(AMD, True), (INTEL, False), (LATER, True), (OLDER, False)])
def test_a_cpu_that_is_fast_at_eight_bits_is_known(engines, cpuinfo, has):
    assert engines.choice.multiplies_bytes("processor\t: 0\n" + cpuinfo) is has


def test_eight_bits_are_taken_where_they_are_there_and_pay(engines, tmp_path, monkeypatch):
    plain, eight = (write(tmp_path / name, GRAPHS["a residual block"]) for name in ("model.onnx", "model.int8.onnx"))
    monkeypatch.setattr(engines.choice, "_cpuinfo", lambda: AMD)
    assert engines.choice.in_eight_bits(plain) == (eight, "")
    monkeypatch.setattr(engines.choice, "_cpuinfo", lambda: OLDER)
    path, said = engines.choice.in_eight_bits(plain)
    assert (path, "no VNNI" in said) == (plain, True)
    eight.unlink()
    monkeypatch.setattr(engines.choice, "_cpuinfo", lambda: AMD)
    path, said = engines.choice.in_eight_bits(plain)
    assert (path, f"there is no {eight}" in said) == (plain, True)


def test_a_graph_in_eight_bits_is_never_ncnns(engines, tmp_path, monkeypatch):
    monkeypatch.setattr(engines.choice, "_cpuinfo", lambda: OLDER)
    for name, engine in (("model.onnx", engines.ncnn.Engine), ("model.int8.onnx", engines.openvino.Engine)):
        taken, _ = engines.choice.cpu_engine("cpu", write(tmp_path / name, GRAPHS["a residual block"]))
        assert isinstance(taken, engine)


def test_what_ncnn_cannot_take_is_openvinos(engines, tmp_path):
    path = write(tmp_path / "model.onnx", UNTAKEN["a stride"][0])
    engine, _ = engines.choice.cpu_engine("cpu", path)
    assert isinstance(engine, engines.openvino.Engine)
    with pytest.raises(engines.choice.Refused, match="strides"):
        engines.choice.cpu_engine("ncnn", path)
