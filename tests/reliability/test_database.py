"""The job database cannot be written: nothing is acknowledged, the health page says why, and all goes on by itself."""

import json
import re
import resource
import time

import psutil
import pytest

from tests.processes import Bot, until


def deliveries(workspace, message) -> list[dict]:
    """Of every event that a message became, each time that Slack sent it."""
    events = {one["event_id"] for one in workspace.events() if one["event"].get("ts") == message.ts}
    return [one for one in workspace.deliveries() if one["event_id"] in events]


def not_acknowledged(workspace, message) -> int:
    """How many deliveries of a message nobody acknowledged, once Slack has sent one of its events again."""
    workspace.wait_for(lambda w: any(one["attempt"] for one in deliveries(w, message)), 30, "a second delivery")
    sent = deliveries(workspace, message)
    assert not any(one["acknowledged_at"] for one in sent)
    return len(sent)


@pytest.mark.system
def test_a_disk_that_takes_no_more(bot, workspace, model, ask, figures):
    """RLIMIT_FSIZE: the kernel refuses every write of the bot, of one job in its middle as of a new one."""
    model.behaviour = "slow"
    halfway = ask("halfway.png")
    until(lambda: model.asked, 20, "a job at the model")
    process = psutil.Process(bot.pid)
    process.rlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    begin = time.monotonic()
    model.behaviour = "well"
    model.release.set()
    message = ask("late.png")

    _, body = until(lambda: (page := bot.page("/healthz"))[0] == 503 and page, 10, "a 503")
    noticed = time.monotonic() - begin
    assert re.search(r"disk|full", json.loads(body)["database"]), body
    assert bot.metric('enhancer_unhealthy{check="database"}') == 1
    assert 'enhancer_unhealthy{check="slack"} 0.0' in bot.page("/metrics")[1]
    refused = not_acknowledged(workspace, message)
    assert not workspace.replies(halfway)

    process.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    back = time.monotonic()
    for one in (halfway, message):
        workspace.wait_for_replies(one, 1, 90)
    recovered = time.monotonic() - back
    assert bot.page("/healthz")[0] == 200
    assert bot.metric('enhancer_unhealthy{check="database"}') == 0
    after = ask("after.png")
    workspace.wait_for_reaction(after, "white_check_mark", 60)
    assert [len(workspace.replies(one)) for one in (halfway, message)] == [1, 1]
    figures.write(
        "test_a_disk_that_takes_no_more",
        f"unhealthy after {noticed:.1f} s, none of {refused} deliveries acknowledged; both replies {recovered:.1f} s "
        "after there was room again",
    )


_READ_ONLY = """
import os, pathlib, sqlite3, sys
from sqlalchemy import event
from sqlalchemy.pool import Pool

@event.listens_for(Pool, "checkout")
def forbid(connection, *_):
    connection.execute(f"pragma query_only = {pathlib.Path(os.environ['READ_ONLY']).exists():d}")

from slackbot.cli import main
sys.argv = ["slackbot", "--env-file", os.devnull]
main()
"""


@pytest.mark.system
def test_a_database_that_becomes_read_only(workspace, proxy, model, ask, figures, tmp_path):
    """SQLite refuses every write of the bot with "attempt to write a readonly database", as on a read-only disk.

    A disk cannot be made read-only under a file that is open for writing; what SQLite then says can.
    """
    flag = tmp_path / "read-only"
    settings = {"TRITON_URL": proxy.address, "READ_ONLY": str(flag)}
    bot = Bot(tmp_path, {**workspace.environment, **settings}, "-c", _READ_ONLY)
    with bot.connected(workspace):
        model.behaviour = "slow"
        halfway = ask("halfway.png")
        until(lambda: model.asked, 20, "a job at the model")
        flag.touch()
        model.behaviour = "well"
        model.release.set()
        message = ask("late.png")
        _, body = until(lambda: (page := bot.page("/healthz"))[0] == 503 and page, 10, "a 503")
        assert "readonly database" in json.loads(body)["database"]
        refused = not_acknowledged(workspace, message)
        assert not workspace.replies(halfway)
        flag.unlink()
        back = time.monotonic()
        for one in (halfway, message):
            workspace.wait_for_reaction(one, "white_check_mark", 90)
        assert [len(workspace.replies(one)) for one in (halfway, message)] == [1, 1]
        assert bot.page("/healthz")[0] == 200
        figures.write(
            "test_a_database_that_becomes_read_only",
            f"none of {refused} deliveries acknowledged while read-only; both replies {time.monotonic() - back:.1f} s "
            "after the end of it",
        )
