"""What the Slack CLI (`slack run`) does with this project, by its own hooks."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import slackbot

ROOT = Path(__file__).parents[3]
HOOKS = json.loads((ROOT / ".slack" / "hooks.json").read_text())["hooks"]


def run(hook: str, *more: str) -> str:
    python, *arguments = shlex.split(HOOKS[hook])
    assert python == ".venv/bin/python"
    return subprocess.run(
        [sys.executable, *arguments, *more], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def test_the_hooks_are_those_of_slacks_package():
    known = json.loads(run("get-hooks"))
    assert known["runtime"] == "python"
    assert set(HOOKS) - {"get-hooks"} <= set(known["hooks"])


def test_the_manifest_is_this_projects():
    assert json.loads((ROOT / ".slack" / "config.json").read_text())["manifest"]["source"] == "local"
    assert json.loads(run("get-manifest")) == json.loads((ROOT / "manifest.json").read_text())


def test_what_it_starts_is_the_bot():
    assert run("start", "--version").strip().endswith(slackbot.__version__)
