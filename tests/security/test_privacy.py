"""docs/privacy.md names everything that is kept, and for how long."""

import re
from pathlib import Path

from slackbot.jobs import installations, queue_table, quotas, store, work_folder
from slackbot.limits import JobLimits

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "privacy.md").read_text()


def test_every_table_of_the_bots_own_is_named():
    made = (queue_table.METADATA, quotas.METADATA, installations.METADATA)  # each module adds its own
    named = {name for metadata in made for name in metadata.tables}
    assert {f"`{name}`" for name in named} <= set(re.findall(r"`\w+`", PAGE))


def test_the_times_are_those_of_the_code():
    assert f"| {JobLimits().remembered_days:.0f} days (`LIMIT_REMEMBERED_DAYS`)" in PAGE
    assert f"| {store.ANSWERABLE / 60:.0f} minutes, as long as" in PAGE
    assert work_folder.KEPT == 3600
    assert "at most an hour and five minutes" in PAGE
    assert work_folder._LOOK_EVERY == 300
