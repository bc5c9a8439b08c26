"""The words of a message, as people write them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slackbot.job import Options
from slackbot.slack.grammar import TABLE, asks, parse_options

PNG, JPEG, WEBP = (Options(format=name) for name in ("PNG", "JPEG", "WebP"))
PLAIN, TWO, COMPARE = Options(), Options(scale=2), Options(compare=True)
KEEP, BICUBIC, HELP, AGAIN = Options(metadata=True), Options(bicubic=True), Options(help=True), Options(again=True)

SENTENCES = [
    # nothing but a photo
    ("", PLAIN),
    ("please", PLAIN),
    ("can you help me sharpen this one?", PLAIN),
    ("help me make this one bigger please", PLAIN),
    ("could you please enhance this, it would help a lot", PLAIN),
    ("this is my favourite, thanks for your help!", PLAIN),
    ("what a nice watch", PLAIN),
    ("Look at this watch", PLAIN),
    ("watch out, this one is dark", PLAIN),
    ("you need not cancel anything of mine, thank you", PLAIN),
    ("the status of the building in spring, can you sharpen it", PLAIN),
    ("<@U2X> <https://help/2x|png> :x: :v2x:", PLAIN),
    # scale
    ("2x", TWO),
    ("please 2x!", TWO),
    ("X2", TWO),
    ("2×", TWO),
    ("2 x", TWO),
    ("2 × please", TWO),
    ("×2", TWO),
    ("*2x*", TWO),
    ("twice", TWO),
    ("twice as large please", TWO),
    ("make it twice the size", TWO),
    ("double", TWO),
    ("can you double the resolution?", TWO),
    ("two times", TWO),
    ("only two times larger, please", TWO),
    ("just 2 times, ok?", TWO),
    ("enlarge it to 200%", TWO),
    ("4x", PLAIN),
    ("not 2x, 4x", PLAIN),
    ("4x instead of 2x", PLAIN),
    ("2x, not 4x", TWO),
    ("4x... no wait, 2x", TWO),
    ("8x please", Options(asked_scale=8)),
    ("can you do 8 × ?", Options(asked_scale=8)),
    ("make it three times as large", Options(asked_scale=3)),
    ("1.5x", Options(asked_scale=1.5)),
    ("8x or 2x if you can't", TWO),
    ("9999.5x", Options(asked_scale=9999.5)),
    ("9" * 310 + "x, x" + "9" * 310, PLAIN),
    ("I already asked twice about this one", PLAIN),
    ("taken at 2x zoom with my phone", PLAIN),
    ("for a 2 x 3 m poster", PLAIN),
    ("it's 1200x800, for a 4x6 print", PLAIN),
    ("I'm 100% sure this is Ada", PLAIN),
    # format
    ("png", PNG),
    ("PNG please", PNG),
    ("as a png", PNG),
    ("jpg, not png", JPEG),
    ("not as png but as webp", WEBP),
    ("can you convert this png to jpeg", JPEG),
    ("the png from the client", PLAIN),
    ("this jpeg is blurry", PLAIN),
    ("here is the webp version", PLAIN),
    ("can I have it in WebP?", WEBP),
    ("make it a jpg and 2x", Options(scale=2, format="JPEG")),
    ("webp, and compare, 2x please", Options(scale=2, format="WebP", compare=True)),
    ("please don't make it a png", PLAIN),
    ("png version please", PNG),
    # compare
    ("compare", COMPARE),
    ("show me a before and after", COMPARE),
    ("before/after please", COMPARE),
    ("why not compare them?", COMPARE),
    ("don't forget to compare", COMPARE),
    ("don't compare", PLAIN),
    ("no comparison please", PLAIN),
    ("don’t bother with a comparison", PLAIN),
    # bicubic
    ("bicubic", BICUBIC),
    ("bicubic compare", Options(bicubic=True, compare=True)),
    ("without the model please", BICUBIC),
    ("not bicubic this time", PLAIN),
    ("sharper than bicubic I hope", PLAIN),
    # metadata
    ("keep the metadata", KEEP),
    ("please keep all metadata!", KEEP),
    ("with exif", KEEP),
    ("don't keep the metadata", PLAIN),
    ("without metadata", PLAIN),
    ("strip the metadata and keep it small", PLAIN),
    ("metadata?", PLAIN),
    ("keep it", PLAIN),
    # again
    ("again", AGAIN),
    ("do them all again, 2x", Options(scale=2, again=True)),
    ("everything again", AGAIN),
    ("thanks again!", PLAIN),
    ("Thank you again for everything", PLAIN),
    # help
    ("help", HELP),
    ("HELP me", HELP),
    ("help please!", HELP),
    ("hi, help", HELP),
    ("help: how does this work", HELP),
    ("2x help", Options(scale=2, help=True)),
    # commands
    ("status", Options(command="status")),
    ("status?", Options(command="status")),
    ("hey, what is your status", Options(command="status")),
    ("what's the status", Options(command="status")),
    ("cancel, cancel", Options(command="cancel")),
    ("please cancel that", Options(command="cancel")),
    ("stop", Options(command="cancel")),
    ("unwatch", Options(command="unwatch")),
    ("watch", Options(command="watch")),
    ("please watch this channel", Options(command="watch")),
]


@pytest.mark.parametrize(("text", "options"), SENTENCES)
def test_a_sentence(text, options):
    assert parse_options(f"<@UBOT> {text}") == options
    assert asks(text) or options == PLAIN


def test_of_a_long_message_the_beginning_is_read():
    assert parse_options("2x " + "a " * 10_000 + "png") == TWO
    assert parse_options("a " * 10_000 + "2x") == PLAIN
    assert parse_options(f"{'a ' * 1990} <https://example.com/,2x,>") == PLAIN, "cut in the middle of the address"


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: f"{rule.option}: {rule.example}")
def test_each_example_of_the_table_is_understood(rule):
    for example in re.split(r", (?!please|how)", rule.example):
        assert asks(example), example


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    options = parse_options(text)
    assert options.scale in (2, 4)
    assert options.format in ("", "PNG", "JPEG", "WebP")
