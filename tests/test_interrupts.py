"""Ctrl-C ends every command without a traceback, also while it imports what it needs."""

import os
import signal
import subprocess
import sys

import pytest

from tests.test_help import COMMANDS, ROOT

# What a command is given, so that it comes to its imports; the others need nothing.
GIVEN = {
    "training/average_weights.py": ["x=1", "--out", "/none"],
    "training/compare.py": ["--photos", "/none", "--out", "/none"],
    "training/drawings/__main__.py": ["/none"],
    "training/evaluate.py": ["--photos", "/none"],
    "training/experiments/compare.py": ["networks", "--photos", "/none"],
    "training/recipe.py": ["--photos", "/none"],
    "training/show_pairs.py": ["--photos", "/none", "--out", "/none"],
    "training/train.py": ["--photos", "/none"],
    "serving/backends.py": ["/none"],
}
# Runs a module as `python -m` does, with a Ctrl-C at the first import from outside of Python's own library.
INTERRUPTED = """
import os, runpy, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in sys.stdlib_module_names and name not in module_and_parents:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

module, *sys.argv[1:] = sys.argv[1:]
module_and_parents = {module, module + ".__main__", *(module.rsplit(".", n)[0] for n in range(3))}
sys.meta_path.insert(0, Interrupt())
runpy.run_module(module, run_name="__main__", alter_sys=True)
print("it was not interrupted")
"""
OTHERS = [
    path.relative_to(ROOT)
    for folder in ("benchmarks", "docs", "deploy")
    for path in sorted((ROOT / folder).glob("*.py"))
    if '__name__ == "__main__"' in path.read_text()
]


# Starts the sandbox's fork server, which meets a Ctrl-C while it loads what it needs, and then one itself.
FORKING = """
import os, signal
from slackbot.imaging import forkserver

forkserver.LOADED.insert(0, "interrupted")
forkserver.begin()
from multiprocessing import get_context
get_context("forkserver").Process(target=print, args=("it runs",)).start()
os.kill(os.getpid(), signal.SIGINT)
"""


def test_ctrl_c_does_not_end_the_fork_server_that_starts(tmp_path):
    (tmp_path / "interrupted.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = subprocess.run(
        [sys.executable, "-c", FORKING], env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "it runs\n"
    assert done.stderr.splitlines()[-1] == "KeyboardInterrupt"
    assert done.stderr.count("Traceback") == 1  # of the starter, which handles it as it wants


@pytest.mark.parametrize("command", [*COMMANDS, *OTHERS], ids=str)
def test_ctrl_c_during_the_imports_is_no_traceback(command):
    module = ".".join(command.with_suffix("").parts).removesuffix(".__main__")
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, module, *GIVEN.get(str(command), [])],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == ""
    assert done.returncode in (-signal.SIGINT, 1, 130)
    assert len(done.stderr.strip().splitlines()) <= 1, done.stderr
