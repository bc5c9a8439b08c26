"""The job database cannot be written: nothing is acknowledged, the health page says why, and all goes on by itself."""

import json
import re
import resource
import time

import psutil
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from slackbot import database
from tests.processes import until


def acknowledged(workspace, message) -> bool:
    events = {one["event_id"] for one in workspace.events() if one["event"].get("ts") == message.ts}
    return any(one["acknowledged_at"] for one in workspace.deliveries() if one["event_id"] in events)


@pytest.mark.system
def test_a_disk_that_takes_no_more(bot, workspace, model, ask, figures):
    """RLIMIT_FSIZE: the kernel refuses every write of the bot, of one job in its middle as of a new one."""
    model.mood = "slow"
    halfway = ask("halfway.png")
    until(lambda: model.asked > 1, 20, "a job at the model")
    process = psutil.Process(bot.pid)
    process.rlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    begin = time.monotonic()
    model.mood = "well"
    model.hurry.set()
    message = ask("late.png")

    _, body = until(lambda: (page := bot.page("/healthz"))[0] == 503 and page, 10, "a 503")
    noticed = time.monotonic() - begin
    assert re.search(r"disk|full", json.loads(body)["database"]), body
    ends = time.monotonic() + 6  # Slack has delivered it twice by then
    while time.monotonic() < ends:
        assert not acknowledged(workspace, message)
        assert not workspace.replies(halfway)
        time.sleep(0.2)

    process.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    back = time.monotonic()
    for one in (halfway, message):
        workspace.wait_for_replies(one, 1, 90)
    recovered = time.monotonic() - back
    assert bot.page("/healthz")[0] == 200
    after = ask("after.png")
    workspace.wait_for_reaction(after, "white_check_mark", 60)
    assert [len(workspace.replies(one)) for one in (halfway, message)] == [1, 1]
    figures.write(
        "test_a_disk_that_takes_no_more",
        f"unhealthy after {noticed:.1f} s, nothing acknowledged in 6 s; both replies {recovered:.1f} s after there was "
        "room again",
    )


def test_a_read_only_file_is_waited_for_like_a_locked_one(tmp_path):
    """What DBOS goes by is the text; it retries without an end while it says so (`dbos._utils`)."""
    from dbos._utils import retriable_sqlite_exception

    file = tmp_path / "bot.sqlite"
    database.prepare(file)
    database.wait_for_disk()
    engine = create_engine(f"sqlite:///file:{file}?mode=ro&uri=true")
    with pytest.raises(OperationalError, match="readonly database") as caught, engine.begin() as connection:
        connection.execute(text("create table a (b)"))
    assert retriable_sqlite_exception(caught.value)
