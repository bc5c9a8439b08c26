"""Every setting, limit, option and metric is in docs/settings.md, which its script writes."""

import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

import slackbot.ops.metrics  # noqa: F401 - registers the metrics
from docs.settings import PAGE, page
from slackbot.settings import variables

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text()


def test_the_page_is_what_its_script_writes(text):
    assert text == page(), "run `python -m docs.settings`"


def test_every_variable_has_its_row_and_meaning(text):
    rows = {row.split("`")[1]: row for row in text.splitlines() if row.startswith("| `")}
    for name, field in variables().items():
        assert field.description, name
        assert field.description in rows[name]


@pytest.mark.parametrize("command", [[], ["enhance"]])
def test_every_option_of_the_help_is_on_the_page(text, command):
    said = subprocess.run(
        [sys.executable, "-m", "slackbot", *command, "--help"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    options = {word.strip(",[]") for word in said.split() if word.strip(",[]").startswith("--")}
    assert options
    for option in options:
        assert f"{option}" in text, option


def test_every_metric_is_on_the_page(text):
    names = {family.name for family in REGISTRY.collect() if family.name.startswith("enhancer_")}
    assert len(names) >= 5
    for name in names:
        assert f"`{name}" in text, name
