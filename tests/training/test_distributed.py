"""The processes that `torchrun` starts."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from training.distributed import DeviceError, choose_device

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import os
import torch
from training import distributed

def threads():
    return [open(f"/proc/self/task/{task}/comm").read().strip() for task in os.listdir("/proc/self/task")]

with distributed.group("cpu"):
    weights = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.Adam([weights])
    weights.sum().backward()
    distributed.average_gradients([weights])
    optimizer.step()
    assert any("gloo" in name for name in threads()), threads()
assert not any("gloo" in name for name in threads()), threads()
"""


def test_a_group_leaves_no_thread_behind(tmp_path):
    """A thread of gloo that is alive when the interpreter ends can abort the process, after a run that was good."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", script],
        env={"OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_without_a_gpu_cuda_is_refused_in_a_sentence_and_the_cpu_is_the_default(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device(None) == choose_device("cpu") == torch.device("cpu")
    with pytest.raises(DeviceError, match="PyTorch finds no NVIDIA GPU here"):
        choose_device("cuda:1")
