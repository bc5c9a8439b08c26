"""The loop, run for real: a few steps of a small recipe on real photos."""

import contextlib
import csv
import io
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
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
STAGE = Stage(steps=5, batch=4, patch=16, bf16=False, seed=3)
PIXELS = replace(STAGE, adversarial_weight=0.0, perceptual_weight=0.0, grid_weight=0.0)


@pytest.fixture
def pairs(photos) -> Pairs:
    return Pairs(photos, STAGE.patch, STAGE.seed)


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
    learned = train(
        replace(PIXELS, steps=40, batch=8, rate=4e-3), pairs, tmp_path, Report(tmp_path), start=start, workers=0
    )

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
    report = Report(part, held_out(pairs.photos), every=1)
    with pytest.raises(StoppedError) as stopped:
        train(
            STAGE, pairs, part, report, start=fresh(), perceptual=("lite0",), workers=1,
            stop=lambda: "pixel" in report.recent,
        )  # fmt: skip
    assert stopped.value.step == 1
    for name in ("checkpoint.pt", "generator.safetensors", "sheet.png", "curves.png"):
        assert (part / name).is_file(), name
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
    same = train(replace(PIXELS, steps=1, rate=0.0), pairs, tmp_path, Report(tmp_path), start=start, workers=0)
    photo = torch.rand(1, 3, 10, 12)
    torch.testing.assert_close(same(photo), start(photo))
    assert load_weights(tmp_path / "generator.safetensors").shape == start.shape


class Pixels(nn.Module):
    """Sees what is there."""

    bicubic_distance = 0.5

    def forward(self, x: torch.Tensor) -> Iterator[torch.Tensor]:
        yield x


def test_feature_networks_take_turns(pairs, tmp_path):
    stage = replace(STAGE, steps=4, rate=0.0)
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


def test_a_checkpoint_of_another_network_is_refused(pairs, tmp_path):
    run(replace(PIXELS, steps=1), pairs, tmp_path)
    found = Checkpoint.load(tmp_path / "checkpoint.pt")
    with pytest.raises(CheckpointError, match="another network"):
        run(PIXELS, pairs, tmp_path, resume=found, start=fresh(Shape(2)))


def test_a_file_that_is_no_checkpoint_is_named(tmp_path):
    (tmp_path / "c.pt").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"c\.pt is not a checkpoint"):
        Checkpoint.load(tmp_path / "c.pt")


def test_stops_when_the_loss_is_no_longer_a_number(pairs, tmp_path):
    start = Generator(Shape(1))
    with torch.no_grad():
        start.head.weight.fill_(float("nan"))
    with pytest.raises(DivergedError, match="no longer a number at step 0"):
        run(STAGE, pairs, tmp_path, start=start)


def test_reports_curves_and_a_contact_sheet(pairs, photos, tmp_path):
    train(
        replace(STAGE, steps=4), pairs, tmp_path, Report(tmp_path, held_out(photos), every=1),
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
    stage = Stage(steps=1000, last_rate=0.1)
    shares = [stage.schedule(step) for step in range(1000)]
    assert max(shares) == pytest.approx(1, rel=0.1)
    assert shares[0] < shares[199] > shares[999]
    assert shares[999] == pytest.approx(0.1, rel=0.01)


@pytest.fixture
def folder(photos, tmp_path) -> Path:
    (tmp_path / "photos").mkdir()
    for i, photo in enumerate(photos):
        Image.fromarray(photo).save(tmp_path / "photos" / f"{i}.png")
    return tmp_path / "photos"


def command(*arguments: object, launcher: tuple[str, ...] = (sys.executable,)) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*launcher, str(ROOT / "training" / "train.py"), *map(str, arguments)],
        capture_output=True, text=True, timeout=200, env={"OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}, check=False,
    )  # fmt: skip


SMALL = (
    "--batch",
    4,
    "--patch",
    16,
    "--blocks",
    1,
    "--channels",
    64,
    "--fold",
    1,
    "--no-bf16",
    "--workers",
    0,
    "--from",
    "nothing",
)


def test_two_processes_learn_what_one_learns(folder, tmp_path):
    both = ("--perceptual-weight", 0.5, "--adversarial-weight", 0.1)
    steps = ("--photos", folder, *SMALL, *both, "--steps", 3, "--rate", "1e-6", "--discriminator-rate", "1e-6")
    one = command(*steps, "--out", tmp_path / "one")
    assert one.returncode == 0, one.stderr
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    two = command(*steps, "--out", tmp_path / "two", launcher=torchrun)
    assert two.returncode == 0, two.stderr
    weights = [load_weights(tmp_path / name / "generator.safetensors").state_dict() for name in ("one", "two")]
    assert_same(*weights, tolerance=1e-5)
    moved = Generator(Shape(1)).state_dict()["head.weight"] - weights[0]["head.weight"]
    assert moved.abs().max() > 1e-4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--photos", "/nowhere"), "no folder of photos at /nowhere"),
        (("--photos", "PHOTOS", "--patch", "200"), "every photo is smaller"),
        (("--photos", "PHOTOS", "--resume", "/none.pt"), "no checkpoint at /none.pt"),
        (("--photos", "PHOTOS", "--from", "/none.safetensors"), "no weights at /none.safetensors"),
        (("--photos", "PHOTOS", "--perceptual", "vgg"), "no feature network named vgg"),
    ],
)
def test_a_mistake_gets_one_sentence(folder, tmp_path, arguments, sentence):
    given = [str(folder) if a == "PHOTOS" else a for a in arguments]
    done = command(*given, "--out", tmp_path / "out", "--workers", 0)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_every_part_of_the_recipe():
    done = command("--help")
    assert done.returncode == 0
    for name in ("--adversarial-weight", "--ema", "--perceptual-weight", "--no-bf16", "--resume"):
        assert name in done.stdout


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


def test_a_resumed_training_keeps_its_folder_and_takes_another_rate(folder, tmp_path):
    out = tmp_path / "mine"
    begun = command(
        "--photos", folder, *SMALL, "--steps", 1, "--adversarial-weight", 0, "--perceptual-weight", 0, "--out", out
    )
    assert begun.returncode == 0, begun.stderr
    resume = ("--photos", folder, "--workers", 0, "--resume", out / "checkpoint.pt")
    again = command(*resume, "--rate", "1e-5")
    assert again.returncode == 0, again.stderr
    assert str(out / "generator.safetensors") in again.stdout
    assert "before" not in again.stdout, "it began from nothing"
    assert Checkpoint.load(out / "checkpoint.pt").recipe["rate"] == pytest.approx(1e-5)
    refused = command(*resume, "--batch", 8)
    assert refused.returncode == 1
    assert "--batch cannot change in a resumed training" in refused.stderr


def test_by_default_the_served_weights_are_tuned_for_the_minutes_that_are_given(folder, tmp_path):
    out = tmp_path / "mine"
    quick = ("--photos", folder, "--patch", 16, "--batch", 2, "--workers", 0, "--out", out)
    done = command(*quick, "--minutes", 0.01)
    assert done.returncode == 0, done.stderr
    assert re.search(r"0\.01 minutes have room for [\d,]+ steps", done.stdout)
    assert re.search(r"PSNR-Y .* bicubic [\d.]+, before [\d.]+, after [\d.]+\n", done.stdout)
    assert f"make evaluate PHOTOS={folder} OPTIONS='--held-out --weights {out}/generator.safetensors'" in done.stdout
    assert load_weights(out / "generator.safetensors").shape == load_weights().shape
    with Image.open(out / "sheet.png") as sheet:
        assert sheet.size == (4 * 192, CAPTION + 6 * 192)
    kept = (out / "checkpoint.pt").read_bytes()

    refused = command(*quick, "--minutes", 0.01)
    assert refused.returncode == 1
    assert "mine holds an earlier training" in refused.stderr
    assert (out / "checkpoint.pt").read_bytes() == kept


def test_ctrl_c_saves_and_tells_how_to_go_on(folder, tmp_path):
    out = tmp_path / "mine"
    arguments = ("--photos", folder, *SMALL, "--steps", 100_000, "--out", out, "--save-every", 2)
    with subprocess.Popen(
        [sys.executable, ROOT / "training" / "train.py", *map(str, arguments), "--workers", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={"OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
    ) as training:  # fmt: skip
        while not (out / "checkpoint.pt").exists():
            assert training.poll() is None
            time.sleep(0.1)
        os.killpg(training.pid, signal.SIGINT)  # as a terminal does
        _, errors = training.communicate(timeout=100)
    assert training.returncode == 130
    (step,) = re.findall(r"stopped after step ([\d,]+), and saved", errors)
    assert f"--resume {out}/checkpoint.pt" in errors
    assert "Traceback" not in errors
    assert Checkpoint.load(out / "checkpoint.pt").step == int(step.replace(",", ""))


def test_the_line_of_progress_fits_80_columns(folder, tmp_path):
    arguments = ("--photos", folder, *SMALL, "--steps", 45, "--out", tmp_path / "out")
    shown = io.BytesIO()
    main, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 120))
    with subprocess.Popen(
        [sys.executable, ROOT / "training" / "train.py", *map(str, arguments)],
        stdout=terminal, stderr=terminal, env={"OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
    ):  # fmt: skip
        os.close(terminal)
        with contextlib.suppress(OSError):  # how a terminal ends
            while some := os.read(main, 4096):
                shown.write(some)
    os.close(main)
    lines = [line for line in re.split(r"[\r\n]+", shown.getvalue().decode()) if "step" in line and "|" in line]
    assert any("loss" in line for line in lines)
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--steps", "3", "--minutes", "1"), "say either --minutes or --steps"),
        (("--minutes", "0"), "--minutes has to be more than 0"),
        (("--resume", "c.pt", "--from", "nothing"), "leave out --from and --minutes"),
        (("--blocks", "3"), "add --from nothing"),
    ],
)
def test_what_does_not_go_together_is_told_at_once(arguments, sentence):
    done = command("--photos", "/none", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
