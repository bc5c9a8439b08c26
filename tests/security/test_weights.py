"""Weights are data: nothing in them is run, and what is served is what was exported."""

import ast
import json
import re
import shutil
from pathlib import Path

import pytest

from serving import repository
from serving.errors import ModelChanged

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("training", "export", "serving", "slackbot", "playground")


def calls() -> list[tuple[str, ast.Call]]:
    """Every call in the project's own code, with the file it stands in."""
    return [
        (str(path.relative_to(ROOT)), node)
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    ]


def test_checkpoints_are_read_without_running_them():
    loads = [(path, call) for path, call in calls() if ast.unparse(call.func) == "torch.load"]
    assert loads
    for path, call in loads:
        options = {one.arg: ast.unparse(one.value) for one in call.keywords}
        assert options.get("weights_only") == "True", f"{path}:{call.lineno}"


def test_nothing_is_unpickled_but_the_cells_pictures_and_nothing_evaluated():
    forbidden = re.compile(
        r"(pickle|cPickle|dill|joblib|cloudpickle|shelve|marshal)\.(load|loads|Unpickler|open)|eval|exec"
    )
    found = [f"{path}: {name}" for path, call in calls() if forbidden.fullmatch(name := ast.unparse(call.func))]
    assert found == []


def test_a_malicious_checkpoint_is_refused_and_not_run(tmp_path):
    torch = pytest.importorskip("torch")
    from training.checkpoint import Checkpoint, CheckpointError

    class Run:
        def __reduce__(self):
            return Path.touch, (tmp_path / "run",)

    torch.save({"generator": Run()}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError):
        Checkpoint.load(tmp_path / "evil.pt")
    assert not (tmp_path / "run").exists()


@pytest.fixture
def copy(tmp_path) -> Path:
    shutil.copytree(ROOT / "model_repository", tmp_path / "models")
    return tmp_path / "models"


def test_the_model_as_it_was_exported_may_be_served(copy):
    repository.check(copy, ("enhancer",))
    assert list(copy.glob("enhancer/*/export.json")), "or nothing was compared"


def test_one_changed_bit_in_the_model_is_refused(copy):
    model = next(copy.glob("enhancer/*/model.onnx"))
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    with pytest.raises(ModelChanged, match="not the file that was exported"):
        repository.check(copy, ("enhancer",))


@pytest.mark.parametrize("report", ["", "{}", "[]", json.dumps({"sha256": "0" * 64})])
def test_a_broken_report_is_no_leave_to_serve(copy, report):
    next(copy.glob("enhancer/*/export.json")).write_text(report)
    with pytest.raises(ModelChanged):
        repository.check(copy, ("enhancer",))


def test_every_lock_has_hashes_for_every_package():
    for lock in (ROOT / "requirements").glob("*.txt"):
        packages = [line for line in lock.read_text().splitlines() if re.match(r"[A-Za-z0-9]", line)]
        unhashed = [line for line in packages if not line.rstrip().endswith("\\") and "--hash" not in line]
        assert packages, lock.name
        assert unhashed == [], lock.name
