"""What the feedback buttons carry comes back whole, and nothing else passes for it."""

from dataclasses import replace

import pytest

from slackbot.imaging.formats import FORMATS
from slackbot.job import Outcome
from slackbot.slack import feedback
from slackbot.slack.blocks import parse_click, result
from slackbot.slack.feedback import Feedback

ENHANCED = Outcome(
    "secret name.heic", before=(640, 480), after=(2560, 1920), version="3", source_format="HEIC", format="JPEG"
)
BICUBIC = Outcome("b.png", before=(10, 10), after=(40, 40), reason="the model server is not available", format="PNG")


def clicked(value: str):
    body = {"user": {"id": "U1"}, "container": {"channel_id": "C1", "message_ts": "1.2"}}
    return parse_click({"action_id": "feedback", "value": value}, body)


def test_a_click_brings_version_sizes_and_format_and_no_name():
    described = feedback.describe([ENHANCED, BICUBIC])
    *_, block = result(["line"], "T1-C1-1.2", "F1", True, (), described)
    (element,) = block["elements"]
    for side, good in (("positive_button", True), ("negative_button", False)):
        click = clicked(element[side]["value"])
        assert (click.job, click.file_id) == ("T1-C1-1.2", "F1")
        assert click.feedback == Feedback(good, "3", "640x480:2560x1920:HEIC")
    assert "secret" not in str(block)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_comes_back(name):
    described = feedback.describe([replace(ENHANCED, source_format=name), ENHANCED])
    assert feedback.parse(f"good {described}") == Feedback(True, *described.split(" ", 1))


def test_nobody_is_asked_about_bicubic():
    assert feedback.describe([BICUBIC]) == ""
    assert result(["line"], "job", "F1", False)[-1]["type"] == "actions"


def test_many_photos_stay_within_a_buttons_value():
    described = feedback.describe([ENHANCED] * 500)
    block = feedback.buttons("T1-C1-1.2 F1", described)
    value = block["elements"][0]["negative_button"]["value"]
    assert len(value) <= 2000
    assert feedback.parse(value.split(" ", 2)[2])


@pytest.mark.parametrize(
    "value", ["", "good", "good 3", "good 3 ", "best 3 1x1:4x4:PNG", "good 3 1x1:4x4:PNG\n", "good 3 <!channel>"]
)
def test_anything_else_is_no_feedback(value):
    assert feedback.parse(value) is None
