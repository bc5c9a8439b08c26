import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.processes import PATIENCE
from training.card_tables import middle
from training.defaults import JUDGES, VALIDATION
from training.evaluation import header, judge, measure, onnx_enhancer, row, truths
from training.generator import WEIGHTS, Generator, Shape, WeightsError, load_weights, save_weights
from training.inference import bicubic, enhance
from training.resuming import PERCEPTUAL
from training.validation import validation

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pairs(photos):
    crops = [photo[:256, -256:] for photo in photos]
    return [(validation(truth, "shared", f"test/{i}"), truth) for i, truth in enumerate(crops)]


def test_the_weights_are_more_lifelike_than_bicubic_and_hardly_less_true(pairs):
    by = judge("lpips")
    ours, theirs = measure(partial(enhance, load_weights()), pairs, by), measure(bicubic, pairs, by)
    assert ours.psnr > theirs.psnr - 0.5  # detail that is guessed costs some truth in some textures
    assert ours.distance < 0.75 * theirs.distance


def test_the_served_graph_scores_as_the_weights_do(pairs):
    graph = max((ROOT / "model_repository" / "enhancer").glob("[0-9]*/model.onnx"))
    by = judge("lpips")
    served, weights = (
        measure(onnx_enhancer(graph), pairs, by),
        measure(partial(enhance, load_weights()), pairs, by),
    )
    assert served.psnr == pytest.approx(weights.psnr, abs=0.01)
    assert served.distance == pytest.approx(weights.distance, abs=0.01)


@pytest.mark.skipif(not VALIDATION.is_dir(), reason="needs ../shared")
@pytest.mark.parametrize("name", ["set5", "set14", "photos41", "graphics"])
def test_beats_bicubic_on_every_validation_set(name):
    """What the model card shows, of the middles of at most 14 pictures."""
    photos = truths(VALIDATION)[name]
    middles = [(stem, middle(photo, 192)) for stem, photo in photos[:: 1 + (len(photos) - 1) // 14]]
    pairs = [(validation(truth, "shared", f"{name}/{stem}"), truth) for stem, truth in middles]
    by = judge("lpips")
    ours, theirs = measure(partial(enhance, load_weights()), pairs, by), measure(bicubic, pairs, by)
    assert ours.psnr > theirs.psnr
    assert ours.distance < 0.75 * theirs.distance


def test_a_file_that_is_no_graph_is_named(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"no graph")
    with pytest.raises(WeightsError, match=r"m\.onnx is no ONNX graph"):
        onnx_enhancer(tmp_path / "m.onnx")


def test_prints_a_table(photos, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    Image.fromarray(photos[1][:130, :141]).save(folder / "cat.png")
    done = subprocess.run(
        [sys.executable, ROOT / "training" / "evaluate.py", "--photos", tmp_path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ")[:3] for line in done.stdout.splitlines()[2:]]
    plain = [[f"| {kind}", "mine", who] for kind in ("clean", "shared", "wild") for who in ("bicubic", "ours")]
    assert rows == [*plain, ["| wild: noise", "all", "bicubic"], ["| wild: noise", "all", "ours"]]


def test_judges_several_weights_by_the_photos_that_training_held_out(photos, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for i in range(41):
        Image.fromarray(photos[0][:64, i : i + 64]).save(folder / f"{i:02}.png")
    assert [name for name, _ in truths(folder, held_out=True)["mine"]] == ["00", "40"]
    other = tmp_path / "other.safetensors"
    save_weights(Generator(Shape(1)), other)
    done = subprocess.run(
        [sys.executable, ROOT / "training" / "evaluate.py", "--photos", tmp_path, "--held-out",
         "--degradation", "clean", "--weights", WEIGHTS, other],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [line.split(" | ")[2] for line in done.stdout.splitlines()[2:]] == ["bicubic", str(WEIGHTS), str(other)]


def test_ctrl_c_is_one_line(photos, tmp_path):
    for i in range(3):
        Image.fromarray(photos[0]).save(tmp_path / f"{i}.png")
    with subprocess.Popen(
        [sys.executable, ROOT / "training" / "evaluate.py", "--photos", tmp_path],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as evaluating:  # fmt: skip
        assert evaluating.stdout
        assert evaluating.stdout.readline().startswith("| degradation")
        os.killpg(evaluating.pid, signal.SIGINT)  # as a terminal does
        _, errors = evaluating.communicate(timeout=PATIENCE * 100)
    assert evaluating.returncode == 130
    assert errors == "\nevaluate.py: stopped\n"


def test_of_a_large_photo_the_middle_counts(tmp_path):
    pixels = np.zeros((90, 210, 3), np.uint8)
    pixels[:, 50:150] = 255
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    [(_, truth)] = truths(tmp_path, side=100)[tmp_path.name]
    assert truth.shape == (88, 100, 3)
    assert (truth[:, :95] == 255).all()
    assert not truth[:, 95:].any()


def test_a_mistake_gets_one_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "training" / "evaluate.py", "--photos", tmp_path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "no photos in" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_table_is_markdown_with_a_column_for_each_judge(pairs):
    by = judge("lpips")
    found = measure(bicubic, pairs, by, by)
    lines = (*header(["lpips", "again"]).splitlines(), row("shared", "test", "bicubic", found))
    assert len({line.count("|") for line in lines}) == 1
    assert f"{found.psnr:.2f}" in lines[2]
    assert f"{found.distance:.3f} | {found.distance:.3f}" in lines[2]


def test_what_judges_by_default_is_nothing_that_training_looks_through_by_default():
    assert not {*JUDGES} & {*PERCEPTUAL}
