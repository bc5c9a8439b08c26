"""Blocks and views are what Slack's own published types say they may be."""

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from slackbot.job import Counts, Outcome
from slackbot.limits import PhotoLimits
from slackbot.slack import blocks, feedback

DESCRIBED = feedback.describe([Outcome("a.jpg", before=(64, 48), after=(256, 192), version="3", format="JPEG")])
HOME = blocks.home("U1", True, Counts(1, 2, 3), 4, 5, "F1", PhotoLimits(), ["• model version 3: 2 good, 1 bad"])


@pytest.mark.parametrize(
    "built",
    [
        blocks.cancel("T1-C1-1.2", "This takes a moment."),
        blocks.above(["a.jpg"], "T1-C1-1.2", "1.1"),
        blocks.result(["one", "two"], "T1-C1-1.2", "F1", True, ["F2"], DESCRIBED),
        blocks.result(["one"], "T1-C1-1.2", "F1", False),
        HOME["blocks"],
    ],
    ids=["cancel", "above", "result", "bare result", "home"],
)
def test_blocks_are_of_slacks_types(built):
    for block, typed in zip(built, Block.parse_all(built), strict=True):
        assert typed.to_dict() == block  # validated by Slack's rules; what its types do not know would be missing


def test_the_home_is_a_view():
    view = View(**HOME)
    view.validate_json()
    assert "2 good, 1 bad" in str(view.to_dict())
    assert "good" not in str(blocks.home("U1", True, Counts(), 0, 0, "", PhotoLimits()))


def test_where_the_feedback_block_is_refused_the_rest_stays():
    whole = blocks.result(["one"], "job", "F1", True, (), DESCRIBED)
    assert blocks.without_feedback(whole) == whole[:-1]


@pytest.mark.parametrize(("count", "named"), [(1, 1), (10, 10), (30, 20)])
def test_a_reply_names_the_photos_that_it_answers(count, named):
    ids = [f"F{number:010}" for number in range(count)]
    assert blocks.answered({"blocks": blocks.result(["one"], "job", "F1", True, ids)}) == ids[:named]
