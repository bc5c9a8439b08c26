"""What GitHub and pre-commit read is well-formed, and runs what CONTRIBUTING.md says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "test.yml"


@pytest.mark.parametrize(
    ("schema", "path"),
    [("vendor.github-workflows", WORKFLOW), ("vendor.dependabot", ROOT / ".github" / "dependabot.yml")],
    ids=["workflow", "dependabot"],
)
def test_is_what_github_takes(schema, path):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_runs_the_whole_suite_on_each_python_after_the_checks():
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    assert [step["run"] for step in jobs["lint"]["steps"] if "run" in step] == ["make lint"]
    assert [step["run"] for step in jobs["audit"]["steps"] if "run" in step] == ["make audit"]
    assert jobs["test"]["needs"] == "lint"
    assert jobs["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert jobs["test"]["steps"][-1]["run"].endswith(" .ci/run")
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_actions_are_named_by_commit():
    """A tag can be moved by whoever takes over an action."""
    used = re.findall(r"uses: (\S+)", WORKFLOW.read_text())
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in used)


def test_hooks_run_what_lint_runs():
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    lint = (ROOT / "Makefile").read_text()
    for hook in repository["hooks"]:
        program = Path(hook["entry"].split()[0]).name
        assert f"$(BIN)/{program}" in lint
