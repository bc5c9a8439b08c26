"""Recipes: read, followed for a few steps, stopped and gone on with."""

import tomllib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from training import follow_recipe, planning
from training import recipe as recipe_command
from training.checkpoint import Checkpoint
from training.dataset import PhotosError, manifest
from training.follow_recipe import RecipeError, follow, parse_recipe
from training.generator import Shape, load_weights
from training.loop import StoppedError
from training.perceptual import FeaturesError
from training.recipe import RECIPE
from training.stage import StageError

SMALL = """
[generator]
blocks = 1
channels = 16
fold = 2

[[stages]]
name = "pixel"
steps = 2
batch_size = 2
patch_size = 16
perceptual_weight = 0.0
adversarial_weight = 0.0
bf16 = false

[[stages]]
name = "adversarial"
steps = 2
batch_size = 2
patch_size = 16
perceptual = ["lite0"]
bf16 = false
seed = 1

[average]
pixel = 0.25
adversarial = 0.75
"""


def test_the_served_recipe_can_be_read():
    recipe = parse_recipe(RECIPE.read_text())
    assert [one.name for one in recipe.stages] == ["pixel", "adversarial"]
    assert recipe.stages[1].stage.adversarial_weight > 0
    assert sum(recipe.shares.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("[generator]", "[generator"), "no TOML"),
        (("[average]", "[mean]"), "lacks or has too much: 'average'"),
        (("batch_size = 2", "batch_sise = 2"), "stage pixel has unknown options: batch_sise"),
        (("pixel = 0.25", "pixels = 0.25"), "names stages that are not there: pixels"),
        (("seed = 1", "discriminator_channels = 24"), "share one discriminator"),
        (("pixel = 0.25", "pixel = 0.5"), r"shares of the average are 1\.25 in all"),
        (("seed = 1", "compared = 72"), "stage adversarial: compared is 72 px, but the large crop has 64"),
        (("seed = 1", "compared = 12"), "stage adversarial: the discriminator needs a multiple of 8 px"),
    ],
)
def test_a_mistake_in_a_recipe_is_named(change, sentence):
    with pytest.raises(RecipeError, match=sentence):
        parse_recipe(SMALL.replace(*change))


@pytest.mark.parametrize(
    ("change", "world_size", "error"),
    [
        (('["lite0"]', '["vgg"]'), 1, FeaturesError),
        (("2\npatch_size = 16\nperceptual = [", "3\npatch_size = 16\nperceptual = ["), 2, StageError),
        (("16\nperceptual = [", "400\nperceptual = ["), 1, PhotosError),
    ],
)
def test_a_mistake_of_a_later_stage_is_found_before_the_first(photos, tmp_path, change, world_size, error):
    with pytest.raises(error):
        follow(parse_recipe(SMALL.replace(*change)), photos, (), tmp_path, photos, world_size=world_size, workers=0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "photos_sha256", "other"),
    [
        (("steps = 2", "steps = 3"), "a", "steps"),
        (("perceptual_weight = 0.0", 'perceptual = ["lite0"]'), "a", "perceptual_weight, perceptual"),
        (("[average]", "[data]\ndrawings = 2\n[average]"), "a", "drawings"),
        (("blocks = 1", "blocks = 2"), "a", "generator"),
        (("bf16 = false", "bf16 = true"), "a", "bf16"),
        (("", ""), "b", "photos"),
    ],
)
def test_a_changed_recipe_is_not_resumed(photos, tmp_path, change, photos_sha256, other):
    begun = parse_recipe(SMALL)
    inputs = {"perceptual": ["vgg16"], "photos": "a", "drawings": "0 of seed 0"}
    kept = Checkpoint(1, asdict(begun.stages[0].stage), {}, asdict(begun.shape), inputs)
    kept.save(tmp_path / "pixel" / "checkpoint.pt")
    old, new = change
    changed = parse_recipe(SMALL.replace(old, new, 1))
    with pytest.raises(RecipeError, match=f"stage pixel in .*pixel was begun with other values of {other}: "):
        follow(changed, photos, (), tmp_path, photos, photos_sha256=photos_sha256, workers=0)


def test_stages_follow_one_another_and_are_not_done_twice(photos, tmp_path):
    recipe = parse_recipe(SMALL)
    kept = follow(recipe, photos, (), tmp_path, photos, workers=0)
    stages = [load_weights(tmp_path / name / "generator.safetensors") for name in ("pixel", "adversarial")]
    assert kept.shape == Shape(1, 16, fold=2)
    for name, value in kept.state_dict().items():
        pixel, adversarial = (stage.state_dict()[name] for stage in stages)
        torch.testing.assert_close(value, 0.25 * pixel + 0.75 * adversarial, rtol=0, atol=1e-3)  # of half precision
    before = [(tmp_path / name / "checkpoint.pt").stat().st_mtime_ns for name in ("pixel", "adversarial")]
    again = follow(recipe, photos, (), tmp_path, photos, workers=0)
    assert before == [(tmp_path / name / "checkpoint.pt").stat().st_mtime_ns for name in ("pixel", "adversarial")]
    torch.testing.assert_close(again.state_dict(), kept.state_dict())


def test_all_stages_learn_from_the_same_arrays(photos, tmp_path, monkeypatch):
    made: list[follow_recipe.Pairs] = []

    class Noting(follow_recipe.Pairs):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(follow_recipe, "Pairs", Noting)
    large = np.tile(photos[0], (3, 3, 1))
    follow(parse_recipe(SMALL), [large], (), tmp_path, photos, workers=0)
    assert [pairs.photos[0] is large for pairs in made] == [True, True]


def test_a_recipe_that_was_stopped_ends_in_the_same_weights(photos, tmp_path):
    recipe = parse_recipe(SMALL)
    whole = follow(recipe, photos, (), tmp_path / "whole", photos, workers=0)

    class Stop(Exception):  # noqa: N818
        pass

    class Stopping(follow_recipe.Report):
        def evaluate(self, step, network):
            super().evaluate(step, network)
            if self.out.name == "adversarial":
                raise Stop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(follow_recipe, "Report", Stopping)
        with pytest.raises(Stop):
            follow(recipe, photos, (), tmp_path / "part", photos, workers=0, save_every=1)
    rest = follow(recipe, photos, (), tmp_path / "part", photos, workers=0, save_every=1)
    torch.testing.assert_close(rest.state_dict(), whole.state_dict(), rtol=0, atol=0)


def test_a_recipe_goes_on_on_another_kind_of_machine(photos, tmp_path):
    """What it does not say about bfloat16 is as where the stage began; a stage that begins here has this machine's."""
    text = SMALL.replace("bf16 = false\n", "").replace(
        'perceptual = ["lite0"]', "perceptual_weight = 0.0\nadversarial_weight = 0.0"
    )
    there, here = (parse_recipe(text, bf16=fast) for fast in (False, True))
    with pytest.raises(StoppedError):
        follow(there, photos, (), tmp_path, photos, workers=0, stop=lambda: True)
    follow(here, photos, (), tmp_path, photos, workers=0)
    kept = [Checkpoint.load(tmp_path / name / "checkpoint.pt") for name in ("pixel", "adversarial")]
    assert [one.step for one in kept] == [2, 2]
    assert [one.stage["bf16"] for one in kept] == [False, True]


def test_the_header_says_what_the_weights_were_made_of(photos, tmp_path, monkeypatch):
    from PIL import Image

    folder = tmp_path / "photos"
    folder.mkdir()
    for i, photo in enumerate(photos):
        Image.fromarray(photo).save(folder / f"{i}.png")
    monkeypatch.setattr(planning, "has_fast_bfloat16", lambda device: False)  # noqa: ARG005
    (tmp_path / "small.toml").write_text(SMALL.replace("bf16 = false\n", ""))
    out = tmp_path / "out"
    options = ["--photos", folder, "--recipe", tmp_path / "small.toml", "--out", out, "--workers", 0]
    monkeypatch.setattr("sys.argv", ["recipe.py", *map(str, options)])
    recipe_command.main()
    with safe_open(out / "generator.safetensors", framework="pt") as file:
        facts = file.metadata()
    assert tomllib.loads(facts["recipe"])["average"] == {"pixel": 0.25, "adversarial": 0.75}
    assert len(facts["photos_sha256"]) == 64
    assert "commit" in facts
    assert not Checkpoint.load(out / "adversarial" / "checkpoint.pt").stage["bf16"]
    assert (out / "photos.sha256").read_text() == manifest(sorted(Path(folder).iterdir()), folder)
