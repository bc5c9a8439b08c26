"""Every command tells how it is used, at once, also where nothing that it needs is installed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("slackbot", "playground", "serving", "training", "export")
COMMANDS = sorted(
    path.relative_to(ROOT)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if '__name__ == "__main__"' in path.read_text() and "testing" not in path.parts
)


def run(*arguments: str | Path, project: bool = True) -> subprocess.CompletedProcess[str]:
    """Python without any installed package; `project`: with this one alone."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PYTHONPATH": str(ROOT)} if project else {}
    return subprocess.run(
        [sys.executable, "-S", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_there_are_commands():
    assert {str(path) for path in COMMANDS} >= {"training/train.py", "export/to_onnx.py", "slackbot/__main__.py"}


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_help_needs_nothing_but_the_project(command):
    module = ".".join(command.with_suffix("").parts).removesuffix(".__main__")
    done = run("-m", module, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: ")


@pytest.mark.parametrize("command", ["training/train.py", "training/evaluate.py", "export/to_onnx.py"])
def test_a_script_that_lacks_something_names_the_target_that_installs_it(command):
    assert run(command, "--help").stdout.startswith("usage: ")
    target = ".venv/train" if command == "training/train.py" else ".venv/export"
    given = ["--photos", "/none"] if command.startswith("training") else []
    for done in (run(command, *given), run(command, "--help", project=False)):
        assert done.returncode == 1
        assert re.fullmatch(
            rf"\w+\.py: \w+ is not installed: run `make {target}`, then use .venv/bin/python\n", done.stderr
        )
