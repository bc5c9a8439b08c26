"""SIGTERM with jobs at several steps: an end in time, and nothing lost."""

import time

import pytest

from tests.processes import Bot, until

pytestmark = pytest.mark.system


def test_sigterm_in_the_middle_of_many_jobs(bot, workspace, model, ask, figures, full):
    workspace.inject_fault("upload", "slow", seconds=300)
    jobs = [ask("upload.png")]
    until(lambda: workspace.calls("upload"), 20, "the upload")
    workspace.inject_fault("files.getUploadURLExternal", "rate_limited", retry_after=60)
    jobs.append(ask("limited.png"))
    until(lambda: len(workspace.calls("files.getUploadURLExternal")) == 2, 20, "the refusal")
    model.behaviour = "slow"
    jobs += [ask(f"{number}.png") for number in range(10)]
    until(lambda: len(workspace.calls("download")) >= 8, 20, "jobs at work")

    begin = time.monotonic()
    assert bot.stop(seconds=20) == 0
    ended = time.monotonic() - begin
    assert ended < 10 or not full, "the promise; it holds on a machine that does nothing else"
    assert "Traceback" not in bot.log

    workspace.clear_faults()
    model.behaviour = "well"
    model.release.set()
    bot.start()
    for job in jobs:
        workspace.wait_for_reaction(job, "white_check_mark", 90)
        assert len(workspace.replies(job)) == 1
    figures.write(
        "test_sigterm_in_the_middle_of_many_jobs",
        f"{len(jobs)} jobs under way or waiting: ended after {ended:.1f} s; {len(jobs)} replies after the next start",
    )


_FAILING = """
import os, sys, threading
from slackbot.slack.receivers import SocketMode

def fail(self):
    threading.Thread(target=threading.Event().wait).start()  # as threads of the job queue may wait
    raise RuntimeError("no way with xoxb-1-canary")

SocketMode.open = fail
from slackbot.cli import main
sys.argv = ["slackbot", "--env-file", os.devnull]
main()
"""


def test_an_error_that_nobody_foresaw_ends_the_process(workspace, proxy, tmp_path):
    bot = Bot(tmp_path, {**workspace.environment, "TRITON_URL": proxy.address}, "-c", _FAILING)
    bot.begin()
    try:
        assert bot.wait() == 1
    finally:
        bot.kill()
    assert "RuntimeError: no way with [...]" in bot.log, "in the log, and without secrets"
