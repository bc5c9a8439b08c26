"""Recipes: read, followed for a few steps, stopped and gone on with."""

import tomllib
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from training import follow_recipe
from training import recipe as recipe_command
from training.follow_recipe import RecipeError, follow, manifest, parse_recipe
from training.generator import Shape, load_weights
from training.recipe import RECIPE

SMALL = """
[generator]
blocks = 1
channels = 16
fold = 2

[[stages]]
name = "pixel"
steps = 2
batch = 2
patch = 16
perceptual_weight = 0.0
adversarial_weight = 0.0
bf16 = false

[[stages]]
name = "adversarial"
steps = 2
batch = 2
patch = 16
perceptual = ["lite0"]
bf16 = false
seed = 1

[average]
pixel = 0.25
adversarial = 0.75
"""


def test_the_served_recipe_can_be_read():
    recipe = parse_recipe(RECIPE.read_text())
    assert [step.name for step in recipe.steps] == ["pixel", "adversarial"]
    assert recipe.steps[1].stage.adversarial_weight > 0
    assert sum(recipe.shares.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("[generator]", "[generator"), "no TOML"),
        (("[average]", "[mean]"), "lacks or has too much: 'average'"),
        (("batch = 2", "bach = 2"), "stage pixel has unknown options: bach"),
        (("pixel = 0.25", "pixels = 0.25"), "names stages that are not there: pixels"),
        (("seed = 1", "discriminator_channels = 24"), "share one discriminator"),
    ],
)
def test_a_mistake_in_a_recipe_is_named(change, sentence):
    with pytest.raises(RecipeError, match=sentence):
        parse_recipe(SMALL.replace(*change))


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


def test_the_header_says_what_the_weights_were_made_of(photos, tmp_path, monkeypatch):
    from PIL import Image

    folder = tmp_path / "photos"
    folder.mkdir()
    for i, photo in enumerate(photos):
        Image.fromarray(photo).save(folder / f"{i}.png")
    (tmp_path / "small.toml").write_text(SMALL)
    out = tmp_path / "out"
    options = ["--photos", folder, "--recipe", tmp_path / "small.toml", "--out", out, "--workers", 0]
    monkeypatch.setattr("sys.argv", ["recipe.py", *map(str, options)])
    recipe_command.main()
    with safe_open(out / "generator.safetensors", framework="pt") as file:
        facts = file.metadata()
    assert tomllib.loads(facts["recipe"])["average"] == {"pixel": 0.25, "adversarial": 0.75}
    assert len(facts["photos_sha256"]) == 64
    assert "commit" in facts
    assert (out / "photos.sha256").read_text() == manifest(sorted(Path(folder).iterdir()), folder)
