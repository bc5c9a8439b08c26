"""Every error is one sentence, worded beside the error and nowhere else."""

import ast
import importlib
from pathlib import Path

import pytest

from slackbot.errors import BotError
from slackbot.imaging.errors import DamagedPhoto, EmptyFile, NotAPhoto, PhotoError
from slackbot.inference.errors import ServerError
from slackbot.slack.errors import DownloadError, MissingScope, SlackRefused

MODULES = [importlib.import_module(f"slackbot.{name}errors") for name in ("", "imaging.", "inference.", "slack.")]
PACKAGE = Path(__file__).resolve().parents[2] / "slackbot"


def errors_of(module) -> list[type[BotError]]:
    return [
        cls
        for cls in vars(module).values()
        if isinstance(cls, type) and issubclass(cls, BotError) and cls.__module__ == module.__name__
    ]


@pytest.mark.parametrize("cls", [EmptyFile, NotAPhoto, DamagedPhoto, MissingScope])
def test_fixed_errors_have_their_sentence(cls):
    assert str(cls()).endswith(".")


@pytest.mark.parametrize("module", MODULES)
def test_the_tree_in_the_docstring_is_the_tree(module):
    assert errors_of(module)
    for cls in errors_of(module):
        assert cls.__name__ in module.__doc__


@pytest.mark.parametrize(("code", "words"), [("not_in_channel", "Please invite me"), ("odd_code", "(odd_code)")])
def test_slacks_codes_become_sentences(code, words):
    assert words in str(SlackRefused(code, "chat_postMessage"))


def test_what_people_read_is_worded_beside_the_error():
    """No other module words an error of these kinds by itself."""
    read = {
        cls.__name__
        for module in MODULES
        for cls in errors_of(module)
        if issubclass(cls, PhotoError | DownloadError | ServerError)
    }
    worded = [
        f"{file.name}:{node.lineno}"
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in read
        if any(isinstance(argument, ast.Constant | ast.JoinedStr) for argument in node.args)
    ]
    assert len(read) > 8
    assert not worded
