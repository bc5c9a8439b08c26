"""What jobs are made of comes back from the database as it was, and nothing else does."""

import base64
import json
import pickle
from pathlib import Path

import pytest
from dbos import error as dbos_error
from hypothesis import given
from hypothesis import strategies as st

from slackbot.errors import JobCancelled
from slackbot.imaging.errors import NotAPhoto, PhotoTooLarge
from slackbot.inference.errors import ServerDown
from slackbot.job import Counts, Job, Options, Outcome
from slackbot.jobs.serializer import JobSerializer, UnexpectedError, UnreadableRecord
from slackbot.jobs.steps import Result
from slackbot.slack.errors import MissingScope, SlackRefused, SlackUnavailable
from slackbot.slack.files import SharedFile

JOB = Job("T1", "C1", "1.5", "1.5", Options(scale=2, compare=True), ("F1", "F2"), "U1", "2x-F1", "F1", "https://x/y")
OUTCOME = Outcome("cat.png", before=(10, 20), after=(40, 80), version="3", seconds=1.25, deep=True)
RESULT = Result(OUTCOME, "0.png", "cat_4x.png", "0.compare.png")
SERIALIZER = JobSerializer()


def round_trip(value):
    return SERIALIZER.deserialize(SERIALIZER.serialize(value))


@pytest.mark.parametrize(
    "value",
    [
        {"args": (JOB,), "kwargs": {}},
        {"args": (JOB, [("F1", "cat_4x.png")], "a text", True), "kwargs": {}},
        [SharedFile("F1", "cat.png", 3, "https://x/", True)],
        RESULT,
        Counts(1, 2, 3),
        ("F1", "cat_compare.png"),
        None,
        {"a": [1, 2.5, None, (), {}]},
    ],
)
def test_what_is_recorded_comes_back(value):
    assert round_trip(value) == value


@pytest.mark.parametrize(
    "error",
    [
        NotAPhoto(),
        PhotoTooLarge("the file is too large."),
        ServerDown("the model server is not available"),
        MissingScope(),
        SlackRefused("missing_scope", "chat_postMessage", "files:read"),
        SlackUnavailable("Slack is out of reach."),
        JobCancelled(),
        dbos_error.DBOSMaxStepRetriesExceeded("upload", 8, [SlackUnavailable("again")]),
    ],
)
def test_an_error_comes_back_with_its_sentence(error):
    back = round_trip(error)

    assert type(back) is type(error)
    assert str(back) == str(error)


def test_an_error_nobody_foresaw_is_told_of():
    back = round_trip(KeyError("x"))

    assert isinstance(back, UnexpectedError)
    assert str(back) == "KeyError: 'x'"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.tuples(inner)
    )
)
def test_plain_data_comes_back(value):
    assert round_trip(value) == value


@pytest.mark.parametrize("value", [object(), {"type": "Job"}, {1: 2}, b"bytes", {1, 2}, Path("photo")])
def test_nothing_else_is_written(value):
    with pytest.raises(TypeError):
        SERIALIZER.serialize(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        base64.b64encode(pickle.dumps({"args": (1,), "kwargs": {}})).decode(),
        json.dumps({"type": "Popen", "args": ["id"]}),
        json.dumps({"type": "Job"}),
        json.dumps({"type": "Job", "nobody": 1}),
        json.dumps({"type": ["Job"]}),
        json.dumps({"type": "NotAPhoto"}),
        json.dumps({"type": "SlackRefused", "arguments": []}),
        json.dumps({"type": "tuple", "items": None}),
        "[" * 100_000,
    ],
)
def test_nothing_else_is_read(text):
    with pytest.raises(UnreadableRecord):
        SERIALIZER.deserialize(text)
