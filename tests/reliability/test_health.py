"""What the bot says about itself, to machines."""

import json
import re

import psutil
import psycopg
import pytest

from slackbot.jobs.workflow import OUTCOMES
from slackbot.ops.metrics import Refusal
from tests.processes import Bot, until

pytestmark = pytest.mark.system


def test_healthy_and_ready(bot):
    status, body = bot.page("/healthz")
    assert (status, json.loads(body)) == (200, {"alive": "ok", "slack": "ok", "database": "ok"})
    status, body = bot.page("/readyz")
    assert status == 200
    assert {json.loads(body)[name] for name in ("slack", "database", "serving", "work_folder")} == {"ok"}
    assert bot.page("/livez")[0] == 200
    assert bot.page("/else")[0] == 404


def test_a_work_folder_that_cannot_be_written_is_not_ready(workspace, proxy, tmp_path, ask):
    folder = tmp_path / "photos"
    bot = Bot(tmp_path, {**workspace.environment, "TRITON_URL": proxy.address, "WORK_FOLDER": str(folder)})
    with bot.connected(workspace):
        workspace.wait_for_reaction(ask(), "white_check_mark")
        (own,) = folder.iterdir()
        own.rmdir()
        own.write_text("not a folder")
        status, body = bot.page("/readyz")
        assert (status, json.loads(body)["work_folder"]) == (503, "WORK_FOLDER cannot be written (File exists)")
        assert bot.page("/healthz")[0] == 200


def test_it_lives_while_its_database_does_not_answer(workspace, proxy, tmp_path, postgres, ask):
    """PostgreSQL takes what it is asked, and says nothing: somebody else holds the tables."""
    bot = Bot(tmp_path, {**workspace.environment, "TRITON_URL": proxy.address, "DATABASE_URL": postgres})
    with bot.connected(workspace):
        with psycopg.connect(postgres) as holder:
            holder.execute("lock table enhancer_health, dbos.workflow_status in access exclusive mode")
            for _ in range(10):  # the pages have eight threads
                status, body = bot.page("/readyz")
                assert (status, json.loads(body)["database"]) == (503, "does not answer")
                assert "enhancer_queue_depth NaN" in bot.page("/metrics")[1]
            assert bot.page("/livez")[0] == 200
        until(lambda: bot.page("/readyz")[0] == 200, 20, "an answer of the database")
        workspace.wait_for_reaction(ask(), "white_check_mark")


def test_it_listens_on_loopback_only(bot):
    connections = psutil.Process(bot.pid).net_connections("inet")
    listening = {one.laddr.ip for one in connections if one.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_jobs_steps_fallbacks_breaker_and_queue_are_counted(bot, workspace, model, ask):
    workspace.wait_for_reaction(ask(), "white_check_mark")
    model.behaviour = "error"
    workspace.wait_for_reaction(ask(), "warning")
    bad = workspace.post("#photos", f"<@{workspace.bot_user}>", files=[("cat.png", b"words")])
    workspace.wait_for_reaction(bad, "x")
    until(lambda: bot.metric("enhancer_queue_depth") == 0, 10, "the end of all jobs")

    outcomes = {
        name: bot.metric(f'enhancer_jobs_total{{outcome="{name}"}}') for name in ("enhanced", "partly", "failed")
    }
    assert outcomes == {"enhanced": 1, "partly": 1, "failed": 1}
    assert bot.metric("enhancer_fallbacks_total") == 1
    assert bot.metric("enhancer_reply_seconds_count") == 3
    counters = [f'enhancer_jobs_total{{outcome="{outcome}"}} ' for outcome in OUTCOMES.values()]
    counters += [f'enhancer_refused_total{{reason="{reason}"}} ' for reason in Refusal]
    for counter in counters:
        assert counter in bot.page("/metrics")[1], "from the start, to see it grow"
    assert bot.metric('enhancer_refused_total{reason="picture"}') == 1
    assert bot.metric("enhancer_breaker_open") == 1
    for step in ("begin", "find", "fetch", "enhance", "upload", "share", "end"):
        assert bot.metric(f'enhancer_step_seconds_count{{step="{step}"}}') >= 1, step


def test_the_queue_is_seen(bot, workspace, ask):
    workspace.inject_fault("files.info", "slow", seconds=5)
    ask()
    until(lambda: bot.metric("enhancer_queue_depth") == 1, 10, "a job in the queue")
    before = bot.metric("enhancer_oldest_job_seconds")
    assert before > 0
    until(lambda: bot.metric("enhancer_oldest_job_seconds") > before, 10, "a job that becomes older")
    until(lambda: bot.metric("enhancer_oldest_job_seconds") == 0, 30, "the end of the job")


def test_two_bots_on_one_port_both_serve(bot, workspace, proxy, tmp_path_factory, ask):
    taken = re.search(r":(\d+)", bot.ready.partition("http:")[2])
    assert taken
    second = Bot(
        tmp_path_factory.mktemp("second"),
        {**workspace.environment, "TRITON_URL": proxy.address, "HEALTH_PORT": taken[1]},
    )
    with second.connected(workspace):
        assert "no health page" in second.ready
        assert "HEALTH_PORT names another port" in second.log
        workspace.wait_for_reaction(ask(), "white_check_mark")
        assert second.stop() == 0
