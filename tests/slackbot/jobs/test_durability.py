"""Nothing is lost: the real bot process is killed, its database is locked, and each job still gets its one reply."""

import contextlib
import sqlite3
import time

import pytest

from tests.processes import until

pytestmark = pytest.mark.system


def rows(bot) -> list[tuple[str, str]]:
    """Id and status of the jobs in the database, read from outside of the bot."""
    with contextlib.closing(sqlite3.connect(f"file:{bot.database}?mode=ro", uri=True, timeout=10)) as database:
        return database.execute("select workflow_uuid, status from workflow_status").fetchall()


@pytest.fixture
def ask(workspace, paint, encode):
    """Mention the bot with a photo."""
    content = encode(paint(30, 20))
    return lambda: workspace.post("#photos", f"<@{workspace.bot_user}>", files=[("cat.png", content)])


def acknowledged(workspace, message) -> bool:
    events = {event["event_id"] for event in workspace.events() if event["event"].get("ts") == message.ts}
    mine = [one for one in workspace.deliveries() if one["event_id"] in events]
    return bool(mine) and any(one["acknowledged_at"] for one in mine)


def called(workspace, method) -> None:
    workspace.wait_for(lambda w: w.calls(method), 20, f"a call of {method}")


def test_no_acknowledgement_before_the_job_is_in_the_database(bot, workspace, ask):
    with contextlib.closing(sqlite3.connect(bot.database, isolation_level=None)) as other:
        other.execute("begin immediate")  # readers may read, nobody else may write
        message = ask()
        workspace.wait_for(lambda w: w.deliveries(), 10, "the delivery")
        ends = time.monotonic() + 1.5
        while time.monotonic() < ends:
            assert not acknowledged(workspace, message)
            time.sleep(0.1)
        other.execute("rollback")

    workspace.wait_for(lambda w: acknowledged(w, message), 40, "the acknowledgement")
    assert len(workspace.wait_for_replies(message)) == 1


def test_acknowledged_and_killed_at_once_is_answered_after_the_restart(bot, workspace, ask):
    workspace.inject_fault("files.info", "slow", seconds=30)  # the job's first question hangs, so that nothing is done
    message = ask()
    workspace.wait_for(lambda w: acknowledged(w, message), 20, "the acknowledgement")
    bot.kill()

    ((job, status),) = rows(bot)
    assert job.endswith(message.ts)
    assert status in ("ENQUEUED", "PENDING")

    workspace.clear_faults()
    bot.start()
    workspace.wait_for_reaction(message, "white_check_mark")
    assert len(workspace.replies(message)) == 1
    assert list(bot.database.with_name("bot.sqlite-photos").iterdir()) == []


def test_killed_while_enhancing(bot, workspace, model, ask):
    model.behaviour = "slow"
    message = ask()
    until(lambda: model.asked, 20, "the photo at the model")
    bot.kill()

    model.behaviour = "well"
    model.release.set()
    bot.start()
    workspace.wait_for_reaction(message, "white_check_mark")
    assert len(workspace.replies(message)) == 1


def test_killed_after_slack_posted_and_before_that_was_recorded(bot, workspace, ask):
    workspace.inject_fault("files.completeUploadExternal", "lost_answer")
    message = ask()
    called(workspace, "files.completeUploadExternal")
    bot.kill()

    bot.start()
    workspace.wait_for_reaction(message, "white_check_mark")
    assert len(workspace.replies(message)) == 1


def test_killed_between_upload_and_share(bot, workspace, ask):
    workspace.inject_fault("files.completeUploadExternal", "server_error", times=None)
    message = ask()
    called(workspace, "files.completeUploadExternal")
    bot.kill()

    workspace.clear_faults()
    bot.start()
    workspace.wait_for_reaction(message, "white_check_mark")
    assert len(workspace.replies(message)) == 1
    assert len(workspace.calls("files.getUploadURLExternal")) == 1, (
        "uploaded once, remembered, and shared after the kill"
    )


def test_a_recorded_refusal_is_still_one_after_the_kill(bot, workspace):
    workspace.inject_fault("chat.postMessage", "server_error", times=None)
    message = workspace.post("#photos", f"<@{workspace.bot_user}>", files=[("cat.jpg", b"%PDF-1.7")])
    called(workspace, "chat.postMessage")
    bot.kill()

    workspace.clear_faults()
    bot.start()
    workspace.wait_for_reaction(message, "x")
    assert "this is not a picture I know" in workspace.replies(message)[0].text


def test_a_text_reply_whose_answer_was_lost_is_not_repeated(bot, workspace):
    workspace.inject_fault("chat.postMessage", "lost_answer")
    message = workspace.post("#photos", f"<@{workspace.bot_user}> help")
    until(lambda: bot.metric('enhancer_jobs_total{outcome="words"}'), 20, "the end")

    assert len(workspace.replies(message)) == 1


def test_sigterm_in_the_middle_ends_cleanly_and_the_next_start_finishes(bot, workspace, model, ask):
    model.behaviour = "slow"
    message = ask()
    called(workspace, "download")
    assert bot.stop() == 0

    model.behaviour = "well"
    model.release.set()
    bot.start()
    workspace.wait_for_reaction(message, "white_check_mark")
    assert len(workspace.replies(message)) == 1
