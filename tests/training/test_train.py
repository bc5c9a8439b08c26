"""`python training/train.py` as a person types it: what it says, saves and refuses."""

import re
import shutil
import sys

import pytest
import torch
from PIL import Image

from tests.terminal import on_terminal
from tests.training.command_line import ENVIRONMENT, SCRIPT, SMALL, TORCHRUN, command
from training import train
from training.checkpoint import Checkpoint
from training.generator import Generator, Shape, load_weights
from training.reporting import CAPTION


@pytest.fixture
def typed(monkeypatch):
    """Runs a `train.py` as it is typed, in this process: torch is loaded already."""

    def run(*arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", ["train.py", *map(str, arguments)])
        train.main()

    return run


@pytest.fixture
def refusal(typed, capsys):
    """The exit status and the words of a `train.py` that refuses, in this process."""

    def ask(*arguments: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            typed(*arguments)
        if isinstance(ended.value.code, int):
            return ended.value.code, capsys.readouterr().err
        return 1, str(ended.value.code)

    return ask


def test_two_processes_learn_what_one_learns(folder, tmp_path):
    both = ("--perceptual-weight", 0.5, "--adversarial-weight", 0.1)
    slowly = ("--learning-rate", "1e-6", "--discriminator-learning-rate", "1e-6")
    steps = ("--photos", folder, *SMALL, *both, *slowly, "--steps", 3)
    one = command(*steps, "--out", tmp_path / "one")
    assert one.returncode == 0, one.stderr
    two = command(*steps, "--out", tmp_path / "two", launcher=TORCHRUN)
    assert two.returncode == 0, two.stderr
    weights = [load_weights(tmp_path / name / "generator.safetensors").state_dict() for name in ("one", "two")]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=0, atol=1e-5, msg=name)
    moved = Generator(Shape(1)).state_dict()["head.weight"] - weights[0]["head.weight"]
    assert moved.abs().max() > 1e-4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--photos", "PHOTOS", "--patch-size", "200"), "every photo is smaller"),
        (("--photos", "PHOTOS", "--compared", "200"), "compared is 200 px, but the large crop has 192"),
        (("--photos", "PHOTOS", "--resume", "/none.pt"), "no checkpoint at /none.pt"),
        (("--photos", "PHOTOS", "--from", "/none.safetensors"), "no weights at /none.safetensors"),
        (("--photos", "PHOTOS", "--perceptual", "vgg"), "no feature network named vgg"),
        (("--photos", "PHOTOS", *SMALL, "--learning-rate", "1e30"), "no longer a number at step 1: lower the"),
        (("--photos", "PHOTOS", "--device", "gpu"), "there is no device gpu: it is cpu or cuda"),
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
    for name in ("--adversarial-weight", "--ema-decay", "--perceptual-weight", "--no-bf16", "--resume"):
        assert name in done.stdout


def test_a_resumed_training_keeps_its_folder_and_takes_another_rate(refusal, folder, tmp_path):
    out = tmp_path / "mine"
    begun = command(
        "--photos", folder, *SMALL, "--steps", 1, "--adversarial-weight", 0, "--perceptual-weight", 0, "--out", out
    )
    assert begun.returncode == 0, begun.stderr
    resume = ("--photos", folder, "--workers", 0, "--resume", out / "checkpoint.pt")
    again = command(*resume, "--learning-rate", "1e-5")
    assert again.returncode == 0, again.stderr
    assert str(out / "generator.safetensors") in again.stdout
    assert "before" not in again.stdout, "it began from nothing"
    assert Checkpoint.load(out / "checkpoint.pt").stage["learning_rate"] == pytest.approx(1e-5)
    status, said = refusal(*resume, "--batch-size", 8)
    assert status == 1
    assert "--batch-size cannot change in a resumed training" in said


def test_a_checkpoint_keeps_what_is_not_typed_again(typed, refusal, folder, tmp_path):
    out, drawings = tmp_path / "mine", tmp_path / "drawings"
    drawings.mkdir()
    shutil.copy(folder / "0.png", drawings)
    stage = (*SMALL, "--steps", 1, "--perceptual", "vgg16", "alexnet")
    typed("--photos", folder, "--drawings", drawings, "--out", out, *stage)
    kept = Checkpoint.load(out / "checkpoint.pt").inputs
    assert kept["perceptual"] == ["vgg16", "alexnet"]
    assert kept["drawings_folder"] == str(drawings)

    resume = ("--photos", folder, "--workers", 0, "--resume", out / "checkpoint.pt")
    for again in ((), ("--batch-size", 4, "--no-bf16", "--steps", 1, "--perceptual", "vgg16", "alexnet")):
        typed(*resume, *again)
        assert Checkpoint.load(out / "checkpoint.pt").inputs == kept

    _, said = refusal(*resume, "--perceptual", "lite0")
    assert "--perceptual cannot change in a resumed training: it began with vgg16 alexnet" in said
    shutil.copy(folder / "0.png", drawings / "1.png")
    _, said = refusal(*resume)
    assert f"the drawings in {drawings} are not those that this training began with" in said
    shutil.copy(folder / "0.png", folder / "2.png")
    _, said = refusal(*resume)
    assert f"the photos in {folder} are not those that this training began with" in said


def test_a_resumed_training_overwrites_no_other_one(refusal, folder, tmp_path):
    one, other = (tmp_path / name / "checkpoint.pt" for name in ("one", "other"))
    for checkpoint in (one, other):
        checkpoint.parent.mkdir()
        checkpoint.write_bytes(b"kept")
    resume = ("--photos", folder, "--resume", one)
    _, said = refusal(*resume, "--out", other.parent)
    assert f"{other.parent} holds an earlier training: name another folder with --out" in said
    assert other.read_bytes() == b"kept"
    _, said = refusal(*resume, "--out", tmp_path / "other" / ".." / "one")
    assert "is not a checkpoint" in said, "its own folder, however it is written"


def test_by_default_the_served_weights_are_tuned_for_the_minutes_that_are_given(refusal, folder, tmp_path):
    out = tmp_path / "mine"
    quick = ("--photos", folder, "--patch-size", 16, "--batch-size", 2, "--workers", 0, "--out", out)
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


def test_the_line_of_progress_fits_80_columns(folder, tmp_path):
    arguments = ("--photos", folder, *SMALL, "--steps", 45, "--out", tmp_path / "out")
    _, shown = on_terminal([sys.executable, SCRIPT, *map(str, arguments)], env=ENVIRONMENT)
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
        (("--batch", "4", "--rate", "1e-4"), "unrecognized arguments: --batch 4 --rate 1e-4"),  # earlier names
    ],
)
def test_what_does_not_go_together_is_told_at_once(refusal, arguments, sentence):
    status, said = refusal("--photos", "/none", *arguments)
    assert status == 2
    assert sentence in said
