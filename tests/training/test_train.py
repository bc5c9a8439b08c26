"""`python training/train.py` as a person types it: what it says, saves and refuses."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.terminal import on_terminal
from training import train
from training.checkpoint import Checkpoint
from training.generator import Generator, Shape, load_weights
from training.reporting import CAPTION

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.fixture
def refusal(monkeypatch, capsys):
    """The exit status and the words of a `train.py` that refuses, in this process: no torch to load for a sentence."""

    def ask(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["train.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            train.main()
        if isinstance(ended.value.code, int):
            return ended.value.code, capsys.readouterr().err
        return 1, str(ended.value.code)

    return ask


SMALL = shlex.split("--batch 4 --patch 16 --blocks 1 --channels 64 --fold 1 --no-bf16 --workers 0 --from nothing")


def test_two_processes_learn_what_one_learns(folder, tmp_path):
    both = ("--perceptual-weight", 0.5, "--adversarial-weight", 0.1)
    steps = ("--photos", folder, *SMALL, *both, "--steps", 3, "--rate", "1e-6", "--discriminator-rate", "1e-6")
    one = command(*steps, "--out", tmp_path / "one")
    assert one.returncode == 0, one.stderr
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    two = command(*steps, "--out", tmp_path / "two", launcher=torchrun)
    assert two.returncode == 0, two.stderr
    weights = [load_weights(tmp_path / name / "generator.safetensors").state_dict() for name in ("one", "two")]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=0, atol=1e-5, msg=name)
    moved = Generator(Shape(1)).state_dict()["head.weight"] - weights[0]["head.weight"]
    assert moved.abs().max() > 1e-4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--photos", "PHOTOS", "--patch", "200"), "every photo is smaller"),
        (("--photos", "PHOTOS", "--resume", "/none.pt"), "no checkpoint at /none.pt"),
        (("--photos", "PHOTOS", "--from", "/none.safetensors"), "no weights at /none.safetensors"),
        (("--photos", "PHOTOS", "--perceptual", "vgg"), "no feature network named vgg"),
    ],
)
def test_a_mistake_gets_one_sentence(refusal, folder, tmp_path, arguments, sentence):
    given = [str(folder) if a == "PHOTOS" else a for a in arguments]
    status, said = refusal(*given, "--out", tmp_path / "out", "--workers", 0)
    assert status == 1
    assert said.startswith("train.py: ")
    assert sentence in said
    assert said.count("\n") == 0


def test_a_mistake_is_all_that_is_said(tmp_path):
    done = command("--photos", "/nowhere", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr == "train.py: no folder of photos at /nowhere\n"


def test_help_names_every_part_of_the_recipe():
    done = command("--help")
    assert done.returncode == 0
    for name in ("--adversarial-weight", "--ema", "--perceptual-weight", "--no-bf16", "--resume"):
        assert name in done.stdout


def test_a_resumed_training_keeps_its_folder_and_takes_another_rate(refusal, folder, tmp_path):
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
    status, said = refusal(*resume, "--batch", 8)
    assert status == 1
    assert "--batch cannot change in a resumed training" in said


def test_by_default_the_served_weights_are_tuned_for_the_minutes_that_are_given(refusal, folder, tmp_path):
    out = tmp_path / "mine"
    quick = ("--photos", folder, "--patch", 16, "--batch", 2, "--workers", 0, "--out", out)
    done = command(*quick, "--minutes", 0.01)
    assert done.returncode == 0, done.stderr
    assert re.search(r"[\d,]+ steps fit into 0\.01 minutes", done.stdout)
    assert re.search(r"PSNR-Y .* bicubic [\d.]+, before [\d.]+, after [\d.]+\n", done.stdout)
    assert f"make evaluate PHOTOS={folder} OPTIONS='--held-out --weights {out}/generator.safetensors'" in done.stdout
    assert load_weights(out / "generator.safetensors").shape == load_weights().shape
    with Image.open(out / "sheet.png") as sheet:
        assert sheet.size == (4 * 192, CAPTION + 6 * 192)
    kept = (out / "checkpoint.pt").read_bytes()

    status, said = refusal(*quick, "--minutes", 0.01)
    assert status == 1
    assert "mine holds an earlier training" in said
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
    assert errors.count("Stopping: finishing this step, then saving.") == 1
    (step,) = re.findall(r"stopped after step ([\d,]+), and saved", errors)
    assert f"--resume {out}/checkpoint.pt" in errors
    assert "Traceback" not in errors
    assert Checkpoint.load(out / "checkpoint.pt").step == int(step.replace(",", ""))


def test_the_line_of_progress_fits_80_columns(folder, tmp_path):
    arguments = ("--photos", folder, *SMALL, "--steps", 45, "--out", tmp_path / "out")
    command = [sys.executable, ROOT / "training" / "train.py", *map(str, arguments)]
    _, shown = on_terminal(command, env={"OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"})
    lines = [line for line in re.split(r"[\r\n]+", shown) if "step" in line and "|" in line]
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
def test_what_does_not_go_together_is_told_at_once(refusal, arguments, sentence):
    status, said = refusal("--photos", "/none", *arguments)
    assert status == 2
    assert sentence in said
