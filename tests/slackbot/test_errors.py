"""Every error is one sentence, and survives the database."""

import inspect
import pickle

import pytest

from slackbot import errors

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.BotError)]


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_comes_back_from_the_database_as_it_was(kind):
    error = kind("not_in_channel", "chat_postMessage") if kind is errors.SlackRefused else kind()
    back = pickle.loads(pickle.dumps(error))

    assert type(back) is kind
    assert str(back) == str(error)


@pytest.mark.parametrize("kind", [errors.EmptyFile, errors.NotAPhoto, errors.DamagedPhoto, errors.MissingScope])
def test_fixed_errors_have_their_sentence(kind):
    assert str(kind()).endswith(".")


def test_the_tree_in_the_docstring_is_the_tree():
    assert errors.__doc__
    for kind in CLASSES:
        assert kind.__name__ in errors.__doc__


@pytest.mark.parametrize(("code", "words"), [("not_in_channel", "Please invite me"), ("odd_code", "(odd_code)")])
def test_slacks_codes_become_sentences(code, words):
    assert words in str(errors.SlackRefused(code, "chat_postMessage"))
