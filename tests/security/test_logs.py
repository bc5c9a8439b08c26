"""Canaries: nothing secret or personal in any line that the bot writes, at DEBUG, while everything goes wrong."""

import json

import pytest

from tests.processes import until

pytestmark = pytest.mark.system
NAME, WORDS, MAIL = "canary-name-7391", "canary-words-7391", "canary-7391@example.org"


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_canary_in_the_log(workspace, start_bot, model, png, form):
    bot = start_bot(LOG_LEVEL="debug", LOG_FORMAT=form, ALLOWED_CHANNELS="C0PHOTOS01,D0ADA00001")

    def ask(content: bytes = png, channel: str = "#photos"):
        text = f"<@{workspace.bot_user}> {WORDS} <mailto:{MAIL}|{MAIL}>"
        return workspace.post(channel, text, files=[(f"{NAME}.png", content)])

    workspace.wait_for_reaction(ask(), "white_check_mark")
    workspace.wait_for_reaction(ask(b"words"), "x")
    workspace.wait_for_reaction(ask(png[:40]), "x")
    workspace.inject_fault("download", "login_page")
    workspace.wait_for_reaction(ask(), "x")
    model.behaviour = "error"
    workspace.wait_for_reaction(ask(), "warning")
    for place, kind in (
        ("files.info", "server_error"),
        ("download", "truncated"),
        ("files.getUploadURLExternal", "reset"),
        ("upload", "server_error"),
        ("files.completeUploadExternal", "lost_answer"),
        ("reactions.add", "reset"),
    ):
        workspace.inject_fault(place, kind)
    stumbling = ask()
    ask(channel="#general")  # not on the allow-list
    workspace.deliver({"type": "message", "text": WORDS, "channel": "C0PHOTOS01", "user": "U0ADA00001"})  # without ts
    until(lambda: workspace.replies(stumbling), 60, "the reply")
    assert bot.stop() == 0

    log = bot.log
    assert "DEBUG" in log or "INFO" in log
    assert len(log.splitlines()) > 5, "the log has something to say"
    if form == "json":
        assert all(json.loads(line)["message"] for line in log.splitlines() if line.startswith("{"))
    for canary in (
        NAME,
        WORDS,
        MAIL,
        workspace.bot_token,
        workspace.app_token,
        "xoxb-",
        "xapp-",
        "/files-pri/",
        "/upload/v1/",
    ):
        assert canary not in log, [line for line in log.splitlines() if canary in line][:3]
