"""Checkpoints: whole or not there, and refused in a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from training.checkpoint import Checkpoint, CheckpointError

ROOT = Path(__file__).resolve().parents[2]
FULL_AFTER_SO_MANY_BYTES = """
import resource, sys
from pathlib import Path
import torch
from training.checkpoint import Checkpoint

path = Path(sys.argv[1])
layers = {f"{i}.weight": torch.rand(20_000) for i in range(4)}
Checkpoint(1, {}, {"generator": layers}, {}, {}).save(path)
_, highest = resource.getrlimit(resource.RLIMIT_FSIZE)
for limit in range(0, path.stat().st_size, 9973):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, highest))  # Python ignores SIGXFSZ
    try:
        Checkpoint(2, {}, {"generator": layers}, {}, {}).save(path)
    except OSError:
        continue
    sys.exit(f"a checkpoint of more than {limit} bytes was written")
"""


def test_wherever_the_disk_is_full_it_is_an_oserror_and_the_older_checkpoint_stays(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL_AFTER_SO_MANY_BYTES, tmp_path / "c.pt"],
        env={"OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert Checkpoint.load(tmp_path / "c.pt").step == 1
    assert [path.name for path in tmp_path.iterdir()] == ["c.pt"]


def test_a_file_that_is_no_checkpoint_is_named(tmp_path):
    (tmp_path / "c.pt").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"c\.pt is not a checkpoint"):
        Checkpoint.load(tmp_path / "c.pt")


def test_a_checkpoint_whose_options_have_other_names_is_refused(tmp_path):
    torch.save({"step": 2, "recipe": {"rate": 1e-4}, "state": {}, "shape": {}, "inputs": {}}, tmp_path / "c.pt")
    with pytest.raises(CheckpointError, match=r"c\.pt is of an earlier version: finish it with that one"):
        Checkpoint.load(tmp_path / "c.pt")
