"""`training/train.py` as tests start it: a process of its own, on a small network."""

import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "training" / "train.py"
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
SMALL = shlex.split(
    "--batch-size 4 --patch-size 16 --blocks 1 --channels 64 --fold 1 --no-bf16 --workers 0 --from nothing"
)
PYTHON = (sys.executable,)
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def command(*arguments: object, launcher: tuple[str, ...] = PYTHON) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*launcher, str(SCRIPT), *map(str, arguments)],
        capture_output=True, text=True, env=ENVIRONMENT, check=False,
    )  # fmt: skip
