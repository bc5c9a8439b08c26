"""A training that somebody stops: what it saves, what it says, and what it leaves running."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.processes import PATIENCE
from tests.training.command_line import ENVIRONMENT, PYTHON, SCRIPT, SMALL, TORCHRUN
from training.checkpoint import Checkpoint


def test_ctrl_c_before_the_first_step_leaves_nothing_behind(folder, tmp_path):
    out = tmp_path / "mine"
    arguments = ("--photos", folder, "--patch-size", 16, "--batch-size", 2, "--workers", 0, "--out", out)
    with subprocess.Popen(
        [sys.executable, SCRIPT, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=ENVIRONMENT,
    ) as training:  # fmt: skip
        assert training.stdout
        assert any("Measuring" in line for line in training.stdout)
        training.send_signal(signal.SIGINT)
        _, errors = training.communicate(timeout=PATIENCE * 100)
    assert training.returncode == 1
    assert errors.split("\n")[-2] == "train.py: stopped"
    assert "Stopping" not in errors
    assert "Traceback" not in errors
    assert not out.exists()


@contextmanager
def training_with_workers(
    folder: Path, out: Path, launcher: tuple[str, ...] = PYTHON
) -> Iterator[subprocess.Popen[str]]:
    """A training in a group of its own, which has saved at least once."""
    arguments = ("--photos", folder, *SMALL, "--steps", 100_000, "--out", out, "--save-every", 2, "--workers", 1)
    with subprocess.Popen(
        [*launcher, SCRIPT, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=ENVIRONMENT,
    ) as training:  # fmt: skip
        try:
            while not (out / "checkpoint.pt").exists():
                assert training.poll() is None
                time.sleep(0.1)
            yield training
        finally:
            if training.poll() is None:
                for process in (*psutil.Process(training.pid).children(recursive=True), training):
                    process.kill()


def to_go_on(errors: str) -> list[str]:
    """The words of the command that is printed once."""
    assert errors.count("Stopping: finishing this step, then saving.") == 1
    (typed,) = re.findall(r"To go on:\n  (.*)\n", errors)
    return shlex.split(typed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_its_processes_saves_and_tells_how_to_go_on(folder, tmp_path, number):
    out = tmp_path / "mine"
    with training_with_workers(folder, out) as training:
        os.killpg(training.pid, number)  # SIGINT as a terminal does
        _, errors = training.communicate(timeout=PATIENCE * 100)
    assert training.returncode == 130, errors
    (step,) = re.findall(r"stopped after step ([\d,]+), and saved", errors)
    _, script, *words = to_go_on(errors)
    assert Path(script) == SCRIPT
    assert words == ["--photos", str(folder), "--resume", f"{out}/checkpoint.pt", "--save-every", "2"]
    assert "Traceback" not in errors
    assert Checkpoint.load(out / "checkpoint.pt").step == int(step.replace(",", ""))


def test_several_processes_tell_once_how_to_go_on_as_many(folder, tmp_path):
    """`torchrun` sends SIGTERM to the groups of those that it started."""
    out = tmp_path / "mine"
    with training_with_workers(folder, out, TORCHRUN) as training:
        training.terminate()
        _, errors = training.communicate(timeout=PATIENCE * 100)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    assert to_go_on(errors)[:7] == [*launcher, str(SCRIPT), "--photos"]


def test_workers_end_also_where_the_training_is_killed(folder, tmp_path):
    with training_with_workers(folder, tmp_path / "mine") as training:
        workers = psutil.Process(training.pid).children(recursive=True)
        training.kill()
    assert workers
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE * 100)
    assert not alive
