"""Two buttons under a result, better or worse: what they carry, and what a click on one says.

A button carries the model's version and the photos' sizes and formats, so that a click can be counted by them. Photos,
names and words are not in it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slackbot.job import Outcome

FEEDBACK = "feedback"
KIND = "context_actions"
_MOST = 1000  # characters; Slack takes 2000 in a button's value
_GOOD, _BAD = "good", "bad"


@dataclass(frozen=True)
class Feedback:
    """What somebody thinks of a result. `photos` are as `describe` writes them."""

    good: bool
    version: str
    photos: str


def describe(outcomes: Sequence[Outcome]) -> str:
    """Version and photos of what the model enhanced, such as `3 640x480:2560x1920:JPEG`; empty where it did nothing."""
    done = [outcome for outcome in outcomes if outcome.version]
    if not done:
        return ""
    photos = (
        f"{'x'.join(map(str, one.before))}:{'x'.join(map(str, one.after))}:{one.source_format or one.format}"
        for one in done
    )
    return f"{done[0].version} {','.join(photos)}"[:_MOST]


def buttons(place: str, described: str) -> dict[str, Any]:
    """The block. `place` is what every button of the reply begins its value with."""

    def one(label: str, said: str, verdict: str) -> dict[str, Any]:
        text = {"type": "plain_text", "text": label}
        return {"text": text, "accessibility_label": said, "value": f"{place} {verdict} {described}"}

    return {
        "type": KIND,
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": FEEDBACK,
                "positive_button": one("Good", "This result is good", _GOOD),
                "negative_button": one("Bad", "This result is bad", _BAD),
            }
        ],
    }


def parse(value: str) -> Feedback | None:
    """The feedback in a button's value, without its place; None where there is none. Names of formats hold spaces."""
    found = re.fullmatch(rf"({_GOOD}|{_BAD}) (\S{{1,40}}) (\d+x\d+:[\w:,. -]+)", value)
    return Feedback(found[1] == _GOOD, found[2], found[3]) if found else None
