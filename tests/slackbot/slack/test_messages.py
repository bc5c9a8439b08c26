"""What the bot says."""

import pytest

from slackbot.imaging.errors import NotAPhoto
from slackbot.imaging.formats import FORMATS
from slackbot.job import Outcome
from slackbot.limits import PhotoLimits
from slackbot.slack import messages, reactions

GOOD = Outcome("cat.png", before=(10, 20), after=(40, 80), version="3", seconds=1.23)
BICUBIC = Outcome("dog.png", before=(1, 1), after=(4, 4), reason="the model server is not available", seconds=0.01)
BAD = Outcome("x.pdf", refusal=str(NotAPhoto()))


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (GOOD, "*cat.png*: 10 × 20 → 40 × 80, enhanced by model version 3 in 1.2 s."),
        (
            BICUBIC,
            "*dog.png*: 1 × 1 → 4 × 4, enlarged with bicubic interpolation in 0.0 s, "
            "because the model server is not available.",
        ),
        (
            Outcome("a", before=(9, 9), after=(18, 18), version="1", smaller=True, scale=2, pages=3),
            "*a*: 9 × 9 → 18 × 18, enhanced by model version 1 in 0.0 s. At 4x it would be too large, so it is 2x. "
            "It has 3 pictures; this is the first.",
        ),
        (
            Outcome("a", before=(9, 9), after=(36, 36), version="1", pages=3, frames=3, uncompared=True),
            "*a*: 9 × 9 → 36 × 36, enhanced by model version 1 in 0.0 s. All 3 frames. "
            "There is nothing to compare: both sides would be bicubic.",
        ),
        (
            Outcome("a", before=(9, 9), after=(36, 36), pages=100, uncounted=True),
            "*a*: 9 × 9 → 36 × 36, enlarged with bicubic interpolation in 0.0 s, as you asked. "
            "At this size I can take 100 frames, and it has more, so this is the first one.",
        ),
        (
            Outcome("a", before=(9, 9), after=(36, 36), version="1", source_format="GIF", format="PNG"),
            "*a*: 9 × 9 → 36 × 36, enhanced by model version 1 in 0.0 s. It is a PNG, since a GIF has no more than 256 "
            "colours.",
        ),
        (
            Outcome("a", before=(9, 9), after=(36, 36), version="1", deep=True),
            "*a*: 9 × 9 → 36 × 36, enhanced by model version 1 in 0.0 s. It had more than 8 bits a channel; the model "
            "sees 8, so the result has 8.",
        ),
        (
            Outcome("a", before=(9, 9), after=(36, 36), version="1", hdr=True),
            "*a*: 9 × 9 → 36 × 36, enhanced by model version 1 in 0.0 s. It was HDR; the result is not, and its "
            "brightest parts are toned down to fit.",
        ),
        (
            Outcome("a", before=(9, 9), after=(36, 36), version="1", partial=True),
            "*a*: 9 × 9 → 36 × 36, enhanced by model version 1 in 0.0 s. Its file is damaged, and this is what could "
            "be read of it.",
        ),
        (
            Outcome("a", before=(9, 9), after=(36, 36), version="1", smudged=True, format="JPEG"),
            "*a*: 9 × 9 → 36 × 36, enhanced by model version 1 in 0.0 s. It looks like text or a drawing, which JPEG "
            "blurs: say `png` for a sharp result.",
        ),
        (
            Outcome("a", before=(9, 9), after=(9, 9), version="1", smaller=True, scale=1, frames=60),
            "*a*: 9 × 9 → 9 × 9, enhanced by model version 1 in 0.0 s. At 4x it would be too large, so it keeps its "
            "size. All 60 frames.",
        ),
        (
            Outcome("a", before=(9, 9), after=(36, 36), version="1", too_small="WebP", format="PNG"),
            "*a*: 9 × 9 → 36 × 36, enhanced by model version 1 in 0.0 s. It is a PNG, since a WebP cannot be so large.",
        ),
        (
            BAD,
            "*x.pdf*: this is not a picture I know. I can enhance JPEG, PNG, WebP, TIFF, GIF, BMP, HEIC, AVIF, JPEG "
            "2000 and PSD.",
        ),
    ],
)
def test_a_line_for_each_photo(outcome, line):
    assert messages.line(outcome) == line


def test_photos_over_the_limit_are_mentioned():
    text = messages.result([GOOD, BAD], 2, PhotoLimits())

    assert text.count("\n") == 2
    assert text.endswith("I take up to 10 photos at a time; 2 more are left.")


def test_nothing_in_a_name_reaches_slack_as_markup():
    line = messages.line(Outcome("<!channel> <@U1> *a* `b` ~c~ & &lt;", refusal="no."))

    assert line == "*&lt;!channel&gt; &lt;@U1&gt; ∗a∗ ˋbˋ ∼c∼ &amp; &amp;lt;*: no."


def test_the_reaction_says_whether_all_came_some_or_none():
    assert reactions.reaction_for([GOOD]) == "white_check_mark"
    assert reactions.reaction_for([GOOD, BICUBIC]) == "warning"
    assert reactions.reaction_for([GOOD, BICUBIC, BAD]) == "warning"
    assert reactions.reaction_for([GOOD, BAD]) == "warning"
    assert reactions.reaction_for([BAD, BAD]) == "x"


def test_a_scale_that_there_is_not_gets_a_sentence_and_4x():
    sentence = "I can do 2x and 4x, not 8x, so I took 4x."
    assert messages.result([GOOD, BAD], 0, PhotoLimits(), 8).endswith(f"\n{sentence}")
    assert sentence not in messages.result([BAD], 0, PhotoLimits(), 8)


def test_the_help_names_the_limits():
    text = messages.usage("UBOT", PhotoLimits())

    assert "<@UBOT>" in text
    assert "50 MB" in text
    assert "64 megapixels" in text


def test_alt_text_and_sentences():
    assert messages.alt_text(GOOD) == "cat.png, enlarged to 40 × 80 pixels"
    assert messages.sentence("the file is gone.") == "The file is gone."


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (messages.status(True, 0, 0, 1), "The model server is up. Nothing is queued."),
        (
            messages.status(False, 1, 2, 3),
            "The model server is down, so for now I enlarge with bicubic. I am working on 1 message, 2 wait, "
            "the last for about 3 minutes.",
        ),
        (messages.full(1), "I'm at capacity. Please ask me again in about 1 minute."),
        (messages.full(12), "I'm at capacity. Please ask me again in about 12 minutes."),
        (messages.working(1, 0, 0.424), "is enhancing the photo: 42%"),
        (messages.working(1, 0, 0.05, 4), "is enhancing the photo: 5%, about 4 minutes left"),
        (messages.slow(0), "This takes a moment."),
        (messages.slow(1), "This takes about 1 minute."),
        (messages.working(3, 2, 1.0), "is enhancing photo 3 of 3: 100%"),
        (messages.queued(0, 1), "is next to look at this"),
        (messages.queued(2, 3), "has 2 messages to look at before this one (about 3 minutes)"),
        (messages.forgotten(1), "I remember photos for 1 day, and that one is older."),
        (messages.forgotten(30), "I remember photos for 30 days, and that one is older."),
        (messages.stopped(0), "There is nothing of yours to stop here."),
        (messages.stopped(2), "Stopped 2 jobs."),
        (messages.watching(True, False), "I am watching this channel now: every photo here gets its answer."),
        (messages.watching(True, True), "I am watching this channel already."),
        (messages.watching(False, True), "I no longer watch this channel. Mention me with a photo."),
        (messages.watching(False, False), "I was not watching this channel."),
    ],
)
def test_short_answers(said, text):
    assert said == text


def test_the_help_fits_into_a_block_of_the_app_home():
    assert len(messages.usage("UBOT", PhotoLimits())) < 3000


def test_a_comparison_is_described():
    assert "on the left enlarged with bicubic" in messages.comparison_alt_text(GOOD)


def test_a_kind_that_is_answered_in_another_has_its_reason():
    for kind in FORMATS.values():
        if kind.written_as:
            assert f"It is a {kind.written_as}, since" in messages.line(
                Outcome("a", source_format=kind.name, format=kind.written_as)
            )
