"""A bot of a new version finds jobs of another one: its own bots finish them, and after those their people are told."""

import contextlib
import sqlite3
from collections.abc import Iterator

import psycopg
import pytest

from slackbot.jobs.liveness import OneOfSeveral
from tests.processes import Bot, until

pytestmark = pytest.mark.system
OTHER = "1"
GAUGE, COUNTER = "enhancer_other_version_jobs", "enhancer_jobs_stranded_total"
RENAME = "update {}workflow_status set application_version = '1' where status in ('ENQUEUED', 'PENDING')"
TOLD = "I was updated before I finished this"
AT_ONCE = 2  # jobs at work, of
PHOTOS = 4


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bot.sqlite"
    return request.getfixturevalue("postgres")


@pytest.fixture
def bot(workspace, model, database, tmp_path) -> Iterator[Bot]:
    settings = {
        "TRITON_URL": model.address,
        "DATABASE_URL": database,
        "WORK_FOLDER": str(tmp_path / "photos"),
        "LIMIT_JOBS_AT_ONCE": str(AT_ONCE),
        "LIMIT_OTHER_VERSION_SECONDS": "1",
        "LIMIT_TILE_SECONDS": "120",  # tests hold tiles while bots start, which takes long on a busy machine
    }
    bot = Bot(tmp_path, {**workspace.environment, **settings})
    yield bot
    bot.kill()


def become_another_versions(database: str) -> int:
    """Turn all unfinished jobs into those of another version; how many there are."""
    if database.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as connection:
            changed = connection.execute(RENAME.format("")).rowcount
            connection.commit()
        return changed
    with psycopg.connect(database) as connection:
        return connection.execute(RENAME.format("dbos.")).rowcount


def leave_jobs_behind(bot: Bot, workspace, model, ask, database: str) -> list:
    """The messages of jobs, some at work and some waiting, whose bot was killed and had another version."""
    model.release.clear()
    model.behaviour = "slow"
    with bot.connected(workspace):
        messages = [ask(f"{number}.png") for number in range(PHOTOS)]
        until(lambda: bot.metric("enhancer_queue_depth") == PHOTOS, 30, "all jobs in the queue")
        until(lambda: model.asked, 30, "a photo at the model")
    assert become_another_versions(database) == PHOTOS
    model.behaviour = "well"
    model.release.set()
    return messages


def see_all_told(bot: Bot, workspace, ask, messages) -> None:
    until(lambda: bot.metric(COUNTER) == PHOTOS, 30, "the end of the jobs")
    for message in messages:
        (reply,) = workspace.wait_for_replies(message)
        assert reply.text.startswith(TOLD)
        workspace.wait_for_reaction(message, "x", 30)
    until(lambda: not bot.metric("enhancer_queue_depth"), 20, "an empty queue")
    assert bot.metric(GAUGE) == 0
    assert f"{PHOTOS} jobs of version 1 end unfinished" in bot.log
    assert f"{PHOTOS} people are told to ask again" in bot.log

    again = ask()
    workspace.wait_for_reaction(again, "white_check_mark", 60)
    (status,) = workspace.wait_for_replies(workspace.post("#photos", f"<@{workspace.bot_user}> status"))
    assert "Nothing is queued." in status.text
    assert [len(workspace.replies(message)) for message in messages] == [1] * PHOTOS


def test_people_of_jobs_that_no_bot_can_finish_are_told(bot, workspace, model, ask, database):
    messages = leave_jobs_behind(bot, workspace, model, ask, database)
    with bot.connected(workspace):
        see_all_told(bot, workspace, ask, messages)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_jobs_of_a_version_whose_bot_lives_are_left_to_it(bot, workspace, model, ask, database):
    """As in a rolling update: the old bot has begun some, and will begin the others."""
    messages = leave_jobs_behind(bot, workspace, model, ask, database)
    old = OneOfSeveral(database, OTHER)
    old.begin()
    with bot.connected(workspace):
        until(lambda: f"{PHOTOS} jobs of version 1 are left to its own bots" in bot.log, 30, "a line in the log")
        workspace.wait_for_reaction(ask(), "white_check_mark", 60)  # for longer than the second after which it is gone
        assert bot.metric(GAUGE) == PHOTOS
        assert bot.metric(COUNTER) == 0
        assert [workspace.replies(message) for message in messages] == [[]] * PHOTOS
        old.end()
        see_all_told(bot, workspace, ask, messages)
