"""`.env.sample`, which people copy to `.env` and fill in."""

from pathlib import Path

import pytest

from slackbot.errors import SettingsError
from slackbot.load_settings import load
from slackbot.settings import OF_COMPOSE, variables

SAMPLE = Path(__file__).parents[2] / ".env.sample"


@pytest.mark.usefixtures("no_settings")
def test_the_sample_as_it_is_holds_placeholders_and_no_other_mistake():
    with pytest.raises(SettingsError) as caught:
        load(SAMPLE)
    assert [sentence[:30] for sentence in str(caught.value).splitlines()] == [
        "SLACK_BOT_TOKEN is a placehold",
        "SLACK_APP_TOKEN is a placehold",
    ]


def test_the_sample_names_every_setting_and_no_other():
    lines = SAMPLE.read_text().splitlines()
    named = {
        line.removeprefix("# ").split("=")[0] for line in lines if "=" in line and line.removeprefix("# ")[0].isupper()
    }

    assert named == {name for name in variables() if not name.startswith("LIMIT_")} | set(OF_COMPOSE)
