"""The wheel: it carries what the bot needs, and nothing else."""

import email
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from slackbot import __version__
from tests.processes import ROOT

INFO = f"resolution_enhancer-{__version__}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def contents(wheel) -> zipfile.Path:
    return zipfile.Path(wheel)


def test_it_carries_every_file_of_the_bot_and_no_other(wheel):
    files = (path for path in (ROOT / "slackbot").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if not name.startswith(INFO)} == {
            str(path.relative_to(ROOT)) for path in files
        }


def test_it_needs_what_the_lock_has(contents):
    needed = email.message_from_string((contents / INFO / "METADATA").read_text()).get_all("Requires-Dist")
    assert needed
    locked = (ROOT / "requirements" / "bot.txt").read_text()
    for name in (re.findall(r"^[\w.-]+", need)[0] for need in needed):
        assert re.search(rf"^{name}(\[\w+\])?==", locked, re.MULTILINE), name


def test_there_is_one_version(contents):
    assert email.message_from_string((contents / INFO / "METADATA").read_text())["Version"] == __version__
    for file in (ROOT / "deploy" / "kubernetes").rglob("kustomization.yaml"):
        assert {*re.findall(r'newTag: "(.+?)"', file.read_text())} <= {__version__}, file


def test_installed_where_nothing_else_is_it_tells_how_to_use_it(wheel, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = ("-m", "pip", "--python", python, "install", "--no-index", "--no-deps", wheel)
    subprocess.run([sys.executable, *install], check=True, capture_output=True)
    for arguments, said in (
        (["--help"], "usage: slackbot"),
        (["enhance", "--help"], "--scale"),
        (["--version"], __version__),
    ):
        done = subprocess.run(
            [python.with_name("slackbot"), *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        assert said in done.stdout
