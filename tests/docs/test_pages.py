"""Tables that scripts write are as the code has it, and the troubleshooting page has every sentence that people see."""

import re
from dataclasses import replace

import pytest

from docs.site_hooks import ROOT
from docs.tables import PARTS, written
from slackbot.imaging import errors as of_pictures
from slackbot.inference import errors as of_the_server
from slackbot.job import Outcome
from slackbot.jobs import quotas
from slackbot.limits import PhotoLimits
from slackbot.slack import errors as of_slack
from slackbot.slack import messages

GIVEN_TO_LINES = {"_REINSTALL"}  # parts of other sentences
USAGE = ("U1", PhotoLimits())
ANSWERS = (
    messages.UPDATED, messages.no_photo(*USAGE), messages.above(["cat.png"]), messages.above(["a.png", "b.png"]),
    of_slack.AllAnswered.sentence, messages.status(False, 1, 2, 3),
    messages.TROUBLE, messages.NOT_FETCHED, messages.NOT_HANDED_OVER, messages.NOT_DELETED,
    messages.NOT_HERE, messages.TOO_LATE, messages.NOT_YOURS, messages.NOTHING_TO_STOP, messages.full(1),
    messages.forgotten(30),
)  # fmt: skip


_SEEN = Outcome("cat.png", version="2", scale=2)
_ALL = replace(
    _SEEN, source_format="GIF", format="PNG", partial=True, hdr=True, deep=True, smudged=True, uncompared=True
)
OUTCOMES = (
    replace(_ALL, smaller=True, frames=3), replace(_ALL, lessened=True, pages=3),
    replace(_ALL, pages=9, uncounted=True),
    replace(_ALL, too_small="JPEG"), replace(_SEEN, scale=1, smaller=True),
)  # fmt: skip


def remarks() -> list[str]:
    """What a reply says of a result besides its figures."""
    lines = [messages.line(outcome) for outcome in OUTCOMES]
    said = {sentence for line in lines for sentence in re.split(r"(?<=[a-z0-9]\.) (?=[A-Z])", line)[1:]}
    rest = messages.result([_SEEN], 3, PhotoLimits(), 8).splitlines()[1:]
    return sorted([*said, *rest])


def sentences() -> list[str]:
    """All that the errors of slackbot say, and what the bot answers where something cannot be done."""
    constants = [
        value
        for module in (of_pictures, of_the_server, of_slack)
        for name, value in vars(module).items()
        if isinstance(value, str) and name.strip("_").isupper() and name not in GIVEN_TO_LINES
    ]
    made = [
        of_pictures.too_many_bytes(50 << 20),
        of_pictures.too_many_pixels((9000, 9000), 64_000_000),
        of_slack.slack_refused("missing_scope", "files:write"),
        of_slack.slack_refused("unheard_of", ""),
        quotas.too_many_photos(100, 12),
        quotas.too_many_megapixels(500, 3),
    ]
    return [*constants, *of_slack._SLACK_REFUSED.values(), *made, *ANSWERS]


@pytest.mark.parametrize("page", PARTS)
def test_tables_are_as_their_script_writes_them(page):
    text = (ROOT / "docs" / page).read_text()
    assert text == written(page, text), "run `python -m docs.tables`"


@pytest.mark.parametrize("sentence", [*sentences(), *remarks()])
def test_the_troubleshooting_page_explains(sentence):
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    shown = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("|")]
    patterns = (".*?".join(map(re.escape, re.split("…", one))) for one in shown)
    assert any(re.match(rf"{pattern}$", sentence, re.DOTALL) for pattern in patterns), sentence
