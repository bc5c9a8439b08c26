"""What tests of jobs share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slackbot.jobs.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store on a fresh SQLite file."""
    store = Store(f"sqlite:///{tmp_path}/bot.sqlite")
    store.open()
    yield store
    store.close()
