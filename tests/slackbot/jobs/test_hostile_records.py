"""Whoever can write into the job database cannot run code in the bot: pickles are refused, and the bot goes on."""

import base64
import contextlib
import pickle
import sqlite3
from pathlib import Path

import pytest

from slackbot.jobs.serializer import JobSerializer
from tests.processes import until
from tests.slackbot.jobs.pickles import is_pickle, pickles_in


class Run:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self):
        return Path.touch, (self._file,)


def hostile(file: Path) -> str:
    return base64.b64encode(pickle.dumps({"args": (Run(file),), "kwargs": {}})).decode()


def test_such_a_pickle_would_run(tmp_path):
    pickle.loads(base64.b64decode(hostile(tmp_path / "run")))
    assert (tmp_path / "run").exists()
    assert is_pickle(base64.b64decode(hostile(tmp_path / "run")))


@pytest.mark.system
def test_a_used_database_holds_no_pickle(bot, workspace, mention, encode, paint):
    content = encode(paint(30, 20))
    good = mention(("cat.png", content), ("dog.pdf", b"%PDF-1.7"), text="compare")
    words = mention(text="help")
    workspace.open_home("U0GRACE001")
    workspace.wait_for_reaction(good, "warning")
    (reply,) = workspace.replies(good)
    workspace.click(reply, "smaller")
    workspace.wait_for(lambda w: len(w.replies(good)) == 1 and "40" in w.replies(good)[0].text, 20, "the 2x result")
    workspace.wait_for_replies(words)
    workspace.wait_for(lambda w: w.state()["homes"].get("U0GRACE001"), 20, "the App Home")

    assert pickles_in(bot.database) == []


@pytest.mark.system
def test_hostile_records_are_refused_and_the_bot_goes_on(bot, workspace, model, mention, encode, paint, tmp_path):
    content = encode(paint(30, 20))
    model.behaviour = "slow"
    messages = [mention((f"{index}.png", content)) for index in range(4)]
    workspace.wait_for(lambda w: len(w.calls("download")) == 4, 20, "all downloads")
    bot.kill()
    evil = hostile(tmp_path / "run")
    with contextlib.closing(sqlite3.connect(bot.database)) as database, database:
        for message, name in zip(messages, ("py_pickle", None, "enhancer_json"), strict=False):
            where = f"workflow_uuid like '%{message.ts}'"
            changed = database.execute(f"update workflow_input set inputs = ? where {where}", (evil,)).rowcount
            changed += database.execute(f"update workflow_status set serialization = ? where {where}", (name,)).rowcount
            assert changed == 2
        last = f"workflow_uuid like '%{messages[3].ts}' and function_name = 'find'"
        step = database.execute(
            f"update operation_outputs set output = ?, serialization = 'py_pickle' where {last}", (evil,)
        )
        assert step.rowcount == 1

    model.behaviour = "well"
    model.release.set()
    bot.start()

    workspace.wait_for_reaction(mention(("after.png", content)), "white_check_mark")
    workspace.wait_for_reaction(messages[3], "x")
    (reply,) = workspace.replies(messages[3])
    assert reply.text.startswith("Something went wrong")
    assert [workspace.replies(message) for message in messages[:3]] == [[], [], []], "whose they are cannot be told"
    assert bot.metric('enhancer_jobs_total{outcome="failed"}') == 1
    assert not (tmp_path / "run").exists()

    def states() -> dict[str, int]:
        with contextlib.closing(sqlite3.connect(bot.database)) as database:
            return dict(database.execute("select status, count(*) from workflow_status group by 1"))

    # A job ends a moment after its reaction.
    until(lambda: states() == {"ERROR": 3, "SUCCESS": 2}, 30, "the end of every job, none tried again and again")


def test_a_record_that_names_another_class_is_refused():
    with pytest.raises(ValueError, match="not a record"):
        JobSerializer().deserialize('{"type": "subprocess.Popen", "args": ["id"]}')
