import copy
import hashlib
import json
import signal
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import skimage
import torch
from PIL import Image

from export import eight_bits, exporter, to_onnx
from export.exporter import ExportError, check, export, next_version
from training.evaluation import onnx_enhancer
from training.generator import Shape, load_weights, make_generator, save_weights
from training.inference import enhance

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def weights(tmp_path, request) -> Path:
    """A tiny generator's; a test may ask for another fold."""
    torch.manual_seed(0)
    generator = make_generator(Shape(blocks=1, channels=16, fold=getattr(request, "param", 1)))
    with torch.no_grad():
        generator.head.weight.mul_(10)  # as much detail as a trained one adds
    save_weights(generator, tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


@pytest.fixture
def repository(tmp_path) -> Path:
    (tmp_path / "repository" / "enhancer").mkdir(parents=True)
    (tmp_path / "repository" / "enhancer" / "config.pbtxt").touch()
    return tmp_path / "repository"


def test_each_export_is_the_next_version(weights, repository):
    assert [export(weights, repository).version for _ in range(2)] == [1, 2]
    assert sorted(path.name for path in (repository / "enhancer").iterdir()) == ["1", "2", "config.pbtxt"]


def test_the_graph_keeps_the_contract(weights, repository):
    report = export(weights, repository)
    model = onnx.load(repository / "enhancer" / "1" / "model.onnx")
    assert model.opset_import[0].version == 18
    assert model.ir_version <= 10
    (image,), (enhanced,) = model.graph.input, model.graph.output
    assert (image.name, enhanced.name) == ("image", "enhanced")
    for tensor in (image, enhanced):
        assert tensor.type.tensor_type.elem_type == onnx.TensorProto.UINT8
        *free, channels = tensor.type.tensor_type.shape.dim
        assert all(dim.dim_param for dim in free)
        assert channels.dim_value == 3
    assert report.largest_difference <= 1


@pytest.mark.parametrize("weights", [1, 2], indirect=True, ids=["whole-resolution", "half-resolution"])
def test_the_graph_takes_any_shape_and_every_value(weights, repository):
    export(weights, repository)
    session = onnxruntime.InferenceSession(
        repository / "enhancer" / "1" / "model.onnx", providers=["CPUExecutionProvider"]
    )
    for shape in ((1, 1, 1), (3, 2, 50), (2, 33, 8)):
        photos = np.random.default_rng(1).choice(np.array([0, 1, 127, 254, 255], np.uint8), (*shape, 3))
        served = np.asarray(session.run(None, {"image": photos})[0])
        wanted = np.stack([enhance(load_weights(weights), photo) for photo in photos])
        assert served.dtype == np.uint8
        assert np.abs(served.astype(int) - wanted).max() <= 1


def test_the_graph_computes_in_half_precision(weights, repository):
    export(weights, repository)
    model = onnx.load(repository / "enhancer" / "1" / "model.onnx")
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    kernels = [types[node.input[1]] for node in model.graph.node if node.op_type == "Conv"]
    assert kernels.count(onnx.TensorProto.FLOAT16) == len(kernels) - 1  # the photo itself, repeated, is whole


def test_nothing_of_this_machine_travels_in_the_graph(weights, repository):
    export(weights, repository)
    data = (repository / "enhancer" / "1" / "model.onnx").read_bytes()
    assert str(ROOT).encode() not in data
    assert b"site-packages" not in data


def test_other_weights_have_another_name_by_which_engines_are_cached(weights, repository, tmp_path):
    changed = load_weights(weights)
    with torch.no_grad():
        changed.head.weight.mul_(0.5)
    save_weights(changed, tmp_path / "changed.safetensors")

    exported = [export(file, repository) for file in (weights, weights, tmp_path / "changed.safetensors")]
    graphs = [onnx.load(repository / "enhancer" / str(report.version) / "model.onnx").graph for report in exported]
    first, again, other = (graph.name for graph in graphs)
    assert first == again != other
    assert [node.output for node in graphs[0].node] == [node.output for node in graphs[2].node]


def test_the_report_tells_which_graph_was_checked(weights, repository):
    report = export(weights, repository)
    folder = repository / "enhancer" / "1"
    written = json.loads((folder / "export.json").read_text())
    assert written["sha256"] == report.sha256 == hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    assert written["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()


@pytest.fixture
def photos(tmp_path) -> Path:
    (tmp_path / "photos").mkdir()
    Image.fromarray(skimage.data.astronaut()).save(tmp_path / "photos" / "one.png")
    return tmp_path / "photos"


@pytest.mark.parametrize("weights", [1, 2], indirect=True, ids=["whole-resolution", "half-resolution"])
def test_in_eight_bits_only_the_trunk_is_rounded(weights, repository, photos):
    report = export(weights, repository, photos)
    plain, eight = (repository / "enhancer" / "1" / name for name in ("model.onnx", "model.int8.onnx"))
    assert report.int8_sha256 == hashlib.sha256(eight.read_bytes()).hexdigest()
    assert report.int8_lost < 0.05
    model = onnx.load(eight)
    assert model.ir_version <= 10
    made_from = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    kernels = [node.input[1] for node in model.graph.node if node.op_type == "Conv"]
    rounded = [types[made_from[name]] for name in kernels if name in made_from]
    assert rounded == [onnx.TensorProto.INT8] * 2  # of the one block
    assert {types[name] for name in kernels if name not in made_from} == {onnx.TensorProto.FLOAT}

    photo = skimage.data.astronaut()[40:104, 200:280]
    by_float, by_int8 = (onnx_enhancer(path, as_written=True)(photo).astype(int) for path in (plain, eight))
    assert 0 < np.abs(by_float - by_int8).mean() < 0.5


def test_in_eight_bits_the_sums_of_the_first_and_last_blocks_stay_in_float(tmp_path, photos):
    torch.manual_seed(0)
    generator = make_generator(Shape(blocks=11, channels=16))
    eight_bits.write_in_eight_bits(generator, photos, tmp_path / "model.onnx")
    model = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(model)
    nodes = model.graph.node
    rounded = {node.output[0] for node in nodes if node.op_type == "DequantizeLinear"}
    convolutions = [node for node in nodes if node.op_type == "Conv" and node.input[0] in rounded]
    assert len(convolutions) == 2 * 11
    ends = {node.output[0] for node in convolutions}
    for node in nodes:  # what is rounded of an end is one, too
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") and node.input[0] in ends:
            ends.add(node.output[0])
    sums = [node for node in nodes if node.op_type == "Add" and ends.intersection(node.input)]
    assert [len(rounded.intersection(node.input)) for node in sums] == [0, 0, 2, 2, 2, 0, 0, 0, 0, 0, 0]

    read = {name for node in nodes for name in node.input} | {output.name for output in model.graph.output}
    assert {name for node in nodes for name in node.output} <= read
    assert {tensor.name for tensor in model.graph.initializer} <= read


def test_what_loses_too_much_in_eight_bits_is_not_left_behind(weights, repository, photos, monkeypatch):
    monkeypatch.setattr(eight_bits, "ALLOWED", -1.0)  # no loss is as small as that
    with pytest.raises(ExportError, match=r"loses -?0\.\d\d dB of PSNR-Y; -1.0 is allowed"):
        export(weights, repository, photos)
    assert [path.name for path in (repository / "enhancer").iterdir()] == ["config.pbtxt"]


def test_a_graph_that_differs_is_not_left_behind(weights, repository, monkeypatch):
    """The export itself goes wrong: what is written exaggerates detail."""
    honest = exporter.write

    def wrong(generator, path):
        changed = copy.deepcopy(generator)
        with torch.no_grad():
            changed.head.weight.mul_(30)
        return honest(changed, path)

    monkeypatch.setattr(exporter, "write", wrong)
    with pytest.raises(ExportError, match="differ by"):
        export(weights, repository)
    assert [path.name for path in (repository / "enhancer").iterdir()] == ["config.pbtxt"]


def test_a_file_that_is_no_graph_fails_the_check(weights, tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"nothing")
    with pytest.raises(ExportError, match="not valid"):
        check(tmp_path / "m.onnx", load_weights(weights))


def test_versions_are_counted_not_sorted(tmp_path):
    for name in ("2", "10", "notes"):
        (tmp_path / name).mkdir()
    assert next_version(tmp_path) == 11


def test_the_served_version_is_the_one_checked():
    """What is committed is what the committed weights give."""
    model = ROOT / "model_repository" / "enhancer"
    (folder,) = (path for path in model.iterdir() if path.name.isdecimal())
    report = json.loads((folder / "export.json").read_text())
    assert report["sha256"] == hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    weights = ROOT / "training" / "weights" / "generator.safetensors"
    assert report["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert report["int8_sha256"] == hashlib.sha256((folder / "model.int8.onnx").read_bytes()).hexdigest()
    assert check(folder / "model.onnx", load_weights()) <= 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--weights", "/none"], "no weights at /none"),
        (["--model-repository", "EMPTY"], "is no model repository"),
        (["--model-repository", "MODELS", "--int8", "/none"], "no folder of photos at /none"),
    ],
)
def test_a_mistake_gets_one_sentence(monkeypatch, tmp_path, repository, arguments, sentence):
    folders = {"EMPTY": tmp_path, "MODELS": repository}
    monkeypatch.setattr(sys, "argv", ["to_onnx.py", *(str(folders.get(a, a)) for a in arguments)])
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # this process keeps its own
    with pytest.raises(SystemExit, match=rf"^to_onnx\.py: .*{sentence}.*$"):
        to_onnx.main()
