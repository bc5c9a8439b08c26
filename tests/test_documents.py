"""What the documents promise is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("*/*/*.md")]
DOCUMENTS = sorted(path for path in DOCUMENTS if not {".venv", ".pytest_cache"} & {*path.parts})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    text = document.read_text()
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert "://" in target or (document.parent / target).exists(), target


def test_every_make_target_of_the_documents_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        for code in re.findall(r"`([^`]+)`|```sh\n(.*?)```", document.read_text(), re.DOTALL):
            for target in re.findall(r"\bmake\s([a-z-]+)", " ".join(code)):
                assert target in targets, f"{document.name}: make {target}"


def test_every_module_command_of_the_documents_exists():
    for document in DOCUMENTS:
        text = document.read_text()
        for module in re.findall(r"python -m ([a-z_.0-9]+)", text):
            path = ROOT / module.replace(".", "/")
            assert (
                path.with_suffix(".py").exists() or (path / "__main__.py").exists() or module in ("pytest", "venv")
            ), module
        for script in re.findall(r"python ((?:training|export|serving|docs)/\w+\.py)", text):
            assert (ROOT / script).exists(), script


def test_no_file_names_a_package_registry():
    for path in [*ROOT.glob("requirements/*"), ROOT / "pyproject.toml", ROOT / "Makefile"]:
        assert not re.search(r"https?://\S*(pypi|simple/|registry)", path.read_text()), path
