"""What the images are said to be made of is what their Dockerfiles put into them."""

import hashlib
import json
import re
import subprocess
import sys

import pytest

from tests.processes import ROOT


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("sbom")
    subprocess.run([sys.executable, "-m", "deploy.sbom", folder], cwd=ROOT, check=True, capture_output=True)
    return {file.stem: json.loads(file.read_text()) for file in folder.glob("*.json")}


def named(bill: dict, kind: str) -> dict[str, dict]:
    return {each["name"]: each for each in bill["components"] if each["type"] == kind}


def test_there_is_one_for_each_image(bills):
    assert set(bills) == {file.stem for file in (ROOT / "deploy").glob("*.Dockerfile")}


@pytest.mark.parametrize(("image", "lock"), [("bot", "bot"), ("cpu", "serve")])
def test_every_locked_package_is_listed_with_its_version_and_hashes(bills, image: str, lock: str):
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    locked = dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^ ]+)", text, re.MULTILINE))
    listed = named(bills[image], "library")
    assert {name: each["version"] for name, each in listed.items()} == locked
    assert all(each["externalReferences"] or each["hashes"] for each in listed.values())


@pytest.mark.parametrize("image", ["bot", "cpu", "triton"])
def test_the_base_is_listed(bills, image: str):
    (found,) = named(bills[image], "container").values()
    assert f"FROM {found['name']}:{found['version']}" in (ROOT / "deploy" / f"{image}.Dockerfile").read_text()


@pytest.mark.parametrize("image", ["cpu", "triton"])
def test_the_model_is_listed_by_its_content(bills, image: str):
    (found,) = named(bills[image], "machine-learning-model").values()
    graph = ROOT / "model_repository" / found["name"] / found["version"] / "model.onnx"
    assert found["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(graph.read_bytes()).hexdigest()}]
