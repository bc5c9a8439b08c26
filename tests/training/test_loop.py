"""The loop, run for real: a few steps of a small stage on real photos."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from training.checkpoint import Checkpoint, CheckpointError
from training.dataset import Pairs
from training.generator import Generator, Shape, load_weights, make_generator
from training.loop import DivergedError, StoppedError, batches, random_shift_crop, train
from training.reporting import CAPTION, Report, held_out
from training.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
STAGE = Stage(steps=5, batch_size=4, patch_size=16, bf16=False, seed=3)
PIXELS = replace(STAGE, adversarial_weight=0.0, perceptual_weight=0.0, grid_weight=0.0)


@pytest.fixture
def pairs(photos) -> Pairs:
    return Pairs(photos, STAGE.patch_size, STAGE.seed)


def fresh(shape: Shape = Shape(1)) -> Generator:  # noqa: B008 - frozen
    torch.manual_seed(9)
    return make_generator(shape)


def run(stage: Stage, pairs: Pairs, out: Path, **options) -> dict[str, torch.Tensor]:
    options = {"start": fresh(), "perceptual": ("lite0",), **options}
    return train(stage, pairs, out, Report(out, every=1), workers=0, **options).state_dict()


def assert_same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor], tolerance: float = 0) -> None:
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=0, atol=tolerance, msg=name)


def curve(out: Path) -> list[tuple[int, str, float]]:
    with (out / "losses.csv").open() as file:
        return [(int(step), name, float(value)) for step, name, value in csv.reader(file)]


@pytest.mark.parametrize("shape", [Shape(1), Shape(1, 32, fold=2)])
def test_learns(pairs, tmp_path, shape):
    start = fresh(shape)
    stage = replace(PIXELS, steps=40, batch_size=8, learning_rate=4e-3)
    learned = train(stage, pairs, tmp_path, Report(tmp_path), start=start, workers=0)

    def error(network):
        shown = [pairs[10_000 + i] for i in range(30)]
        small, truth = (torch.stack(t).float() / 255 for t in zip(*shown, strict=True))
        with torch.inference_mode():
            return float((network(small) - truth).abs().mean())

    assert error(learned) < 0.99 * error(start)


def test_the_same_recipe_gives_the_same_weights(pairs, tmp_path):
    assert_same(run(STAGE, pairs, tmp_path / "a"), run(STAGE, pairs, tmp_path / "b"))


def test_resumes_to_the_same_weights_and_curve(pairs, tmp_path):
    stop = 2
    whole = run(STAGE, pairs, tmp_path / "whole")

    class Stop(Exception):  # noqa: N818
        pass

    class Stopping(Report):
        def evaluate(self, step, network):
            super().evaluate(step, network)
            if step == stop:
                raise Stop

    with pytest.raises(Stop):
        train(
            STAGE, pairs, tmp_path / "part", Stopping(tmp_path / "part", every=1),
            start=fresh(), perceptual=("lite0",), workers=0, save_every=stop,
        )  # fmt: skip
    rest = run(STAGE, pairs, tmp_path / "rest", resume=Checkpoint.load(tmp_path / "part" / "checkpoint.pt"))
    assert_same(whole, rest)
    first = [row for row in curve(tmp_path / "whole") if row[0] == stop + 1]
    assert [row[:2] for row in curve(tmp_path / "rest") if row[0] == stop + 1] == [row[:2] for row in first]


def test_stopped_it_finishes_the_step_saves_and_goes_on_to_the_same_weights(pairs, tmp_path):
    whole = run(STAGE, pairs, tmp_path / "whole")
    part = tmp_path / "part"
    report = Report(part, held_out(pairs.photos))
    with pytest.raises(StoppedError) as stopped:
        train(STAGE, pairs, part, report, start=fresh(), perceptual=("lite0",), workers=1, stop=lambda: True)
    assert stopped.value.step == 1
    for name in ("checkpoint.pt", "generator.safetensors", "sheet.png", "curves.png"):
        assert (part / name).is_file(), name
    assert {(step, name) for step, name, _ in curve(part)} >= {(1, "pixel"), (1, "held-out PSNR-Y")}
    assert {step for step, _, _ in curve(part)} == {1}
    with (part / "losses.csv").open("a") as file:
        file.write("4,pixel,0.5\n")  # of a run that went on and was not saved

    rest = run(STAGE, pairs, part, resume=Checkpoint.load(part / "checkpoint.pt"))
    assert_same(whole, rest)
    assert [step for step, name, _ in curve(part) if name == "pixel"] == [1, 2, 3, 4, 5]


def test_a_short_stage_warms_up_within_a_tenth_of_it():
    short = Stage(steps=100)
    assert short.schedule(9) == pytest.approx(1, rel=0.03)
    assert short.schedule(0) == pytest.approx(0.1, rel=0.01)


def test_starts_from_weights_and_keeps_their_shape(pairs, tmp_path):
    start = fresh(Shape(1, 16, fold=2)).eval()
    same = train(replace(PIXELS, steps=1, learning_rate=0.0), pairs, tmp_path, Report(tmp_path), start=start, workers=0)
    photo = torch.rand(1, 3, 10, 12)
    torch.testing.assert_close(same(photo), start(photo))
    assert load_weights(tmp_path / "generator.safetensors").shape == start.shape


class Pixels(nn.Module):
    """Sees what is there."""

    bicubic_distance = 0.5

    def forward(self, x: torch.Tensor) -> Iterator[torch.Tensor]:
        yield x


def test_feature_networks_take_turns(pairs, tmp_path):
    stage = replace(STAGE, steps=4, learning_rate=0.0)
    pixels = f"{__name__}:Pixels"
    seen: list[float] = []

    class Noting(Report):
        def step(self, step, values):  # noqa: ARG002
            seen.append(values["perceptual"])

    def seen_by(*networks: str) -> list[float]:
        seen.clear()
        train(stage, pairs, tmp_path, Noting(tmp_path, every=1), start=fresh(), workers=0, perceptual=networks)
        return [*seen]

    lite, pixel, both = seen_by("lite0"), seen_by(pixels), seen_by("lite0", pixels)
    assert lite != pixel
    assert both == [lite[0], pixel[1], lite[2], pixel[3]]


def test_the_discriminator_has_the_channels_of_its_stage(pairs, tmp_path):
    run(replace(STAGE, steps=1, discriminator_channels=8), pairs, tmp_path)
    assert Checkpoint.load(tmp_path / "checkpoint.pt").state["discriminator"]["enter.weight"].shape == (8, 3, 3, 3)


def test_a_checkpoint_of_another_network_is_refused(pairs, tmp_path):
    run(replace(PIXELS, steps=1), pairs, tmp_path)
    found = Checkpoint.load(tmp_path / "checkpoint.pt")
    with pytest.raises(CheckpointError, match="another network"):
        run(PIXELS, pairs, tmp_path, resume=found, start=fresh(Shape(2)))


def test_stops_when_the_loss_is_no_longer_a_number(pairs, tmp_path):
    start = Generator(Shape(1))
    with torch.no_grad():
        start.head.weight.fill_(float("nan"))
    with pytest.raises(DivergedError, match=r"no longer a number at step 0: lower the learning rate$"):
        train(PIXELS, pairs, tmp_path, Report(tmp_path), start=start, workers=0, save_every=1)
    assert not (tmp_path / "checkpoint.pt").exists()


class Steep(Pixels):
    """Sees numbers, and has a gradient that is none."""

    def forward(self, x: torch.Tensor) -> Iterator[torch.Tensor]:
        x = x * 1
        if x.requires_grad:
            x.register_hook(lambda gradient: gradient * float("nan"))
        yield x


def test_weights_that_are_no_numbers_do_not_replace_the_last_good_ones(pairs, tmp_path):
    networks = [f"{__name__}:{network}" for network in ("Pixels", "Steep")]
    with pytest.raises(DivergedError, match=r"weights are no longer numbers at step 2: .* resume from the last"):
        run(STAGE, pairs, tmp_path, perceptual=networks, save_every=1)
    kept = Checkpoint.load(tmp_path / "checkpoint.pt")
    assert kept.step == 1
    assert all(value.isfinite().all() for value in kept.state["generator"].values())


def test_several_processes_agree_to_stop_at_every_step(pairs, tmp_path):
    with pytest.raises(StoppedError, match="after step 1"):
        train(PIXELS, pairs, tmp_path, Report(tmp_path), start=fresh(), workers=0, world_size=2, stop=lambda: True)


def test_a_full_disk_costs_a_checkpoint_and_not_the_training(pairs, tmp_path, capsys):
    for name in ("checkpoint.part", "curves.png"):
        (tmp_path / name).symlink_to("/dev/full")
    (tmp_path / "losses.csv").mkdir()
    run(replace(PIXELS, steps=3), pairs, tmp_path, save_every=1)
    said = capsys.readouterr().err
    assert said.count("Step 1 is not saved") == 1
    assert "Step 2 is not saved" not in said
    assert said.count("are not complete") == 1
    assert Checkpoint.load(tmp_path / "checkpoint.pt").step == 3

    kept = (tmp_path / "generator.safetensors").read_bytes()
    (tmp_path / "generator.part").symlink_to("/dev/full")
    with pytest.raises(CheckpointError, match=r"by step 1 cannot be saved: .*No space left"):
        run(replace(PIXELS, steps=1), pairs, tmp_path)
    assert (tmp_path / "generator.safetensors").read_bytes() == kept
    assert not list(tmp_path.glob("*.part"))


def test_a_line_that_a_full_disk_cut_off_is_no_point_of_a_curve(tmp_path):
    (tmp_path / "losses.csv").write_text("1,pixel,0.5\n2,pix")
    report = Report(tmp_path)
    report.begin(2)
    report.draw_curves()
    assert curve(tmp_path) == [(1, "pixel", 0.5)]


def test_a_new_training_drops_the_curves_of_one_that_was_never_saved(pairs, tmp_path):
    (tmp_path / "losses.csv").write_text("4,pixel,0.5\n")
    run(replace(PIXELS, steps=1), pairs, tmp_path)
    assert {step for step, _, _ in curve(tmp_path)} == {1}


def test_reports_curves_and_a_contact_sheet(pairs, photos, tmp_path):
    train(
        replace(STAGE, steps=4, texture_weight=0.1), pairs, tmp_path, Report(tmp_path, held_out(photos), every=1),
        start=fresh(), perceptual=("lite0",), workers=0, save_every=2,
    )  # fmt: skip
    names = {name for _, name, _ in curve(tmp_path)}
    assert names == {
        "pixel", "low_frequency", "grid", "perceptual", "texture", "adversarial", "discriminator", "held-out PSNR-Y",
    }  # fmt: skip
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (3 * 192, CAPTION + 6 * 192)
    assert (tmp_path / "curves.png").stat().st_size > 5000
    assert list((tmp_path / "tensorboard").iterdir())


def test_every_step_looks_from_another_place_and_the_same_one_again():
    ramp = torch.arange(64.0).expand(1, 3, 64, 64)
    places = [float(random_shift_crop(ramp, 0, 1, step)[0, 0, 0, 0]) for step in range(200)]
    assert set(places) == set(range(17))
    assert random_shift_crop(ramp, 0, 1, 5).shape == (1, 3, 48, 48)
    assert float(random_shift_crop(ramp, 0, 1, 5)[0, 0, 0, 0]) == places[5]


def test_the_learning_rate_rises_and_falls():
    stage = Stage(steps=1000, final_learning_rate_factor=0.1)
    shares = [stage.schedule(step) for step in range(1000)]
    assert max(shares) == pytest.approx(1, rel=0.1)
    assert shares[0] < shares[199] > shares[999]
    assert shares[999] == pytest.approx(0.1, rel=0.01)


def test_pairs_do_not_depend_on_workers(pairs):
    stage = replace(STAGE, steps=2)
    for one, two in zip(
        batches(pairs, stage, 0, 0, 1, 0, False), batches(pairs, stage, 0, 0, 1, 1, False), strict=True
    ):
        np.testing.assert_array_equal(one[1].numpy(), two[1].numpy())


def test_a_weight_of_nothing_leaves_its_network_out(pairs, tmp_path):
    run(PIXELS, pairs, tmp_path, perceptual=["no such network"])
    assert {name for _, name, _ in curve(tmp_path)} >= {"pixel", "low_frequency"}
    assert not {name for _, name, _ in curve(tmp_path)} & {"perceptual", "adversarial", "discriminator"}
