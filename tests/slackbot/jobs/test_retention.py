"""Old jobs are forgotten, and whoever clicks on what is left of one is told so."""

import contextlib
import sqlite3

import pytest

from tests.processes import until

pytestmark = pytest.mark.system
SECOND = 1 / 86_400  # in days


def rows(database, table: str) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(f"select count(*) from {table}").fetchone()[0]


def test_forgets_what_ended_long_ago(limited_bot, workspace, mention, encode, paint):
    with limited_bot(remembered_days=3 * SECOND, cleanup_every=0.5) as bot:
        message = mention(("cat.png", encode(paint(24, 16))))
        workspace.wait_for_reaction(message, "white_check_mark")
        (reply,) = workspace.replies(message)
        assert rows(bot.database, "enhancer_counted") == 1

        for table in ("workflow_status", "operation_outputs", "enhancer_counted"):
            until(lambda table=table: rows(bot.database, table) == 0, 20, f"an empty table {table}")
        workspace.click(reply, "delete")
        workspace.wait_for(
            lambda w: any("that one is older" in str(call) for call in w.calls("chat.postEphemeral")), 20, "the answer"
        )
        assert workspace.replies(message), "what it cannot check it does not delete"
