"""Names that try to ping, to format, to hide or to break out: they stay names."""

import json
import re
from typing import Any

import pytest

from playground.autolink import parsed
from slackbot.job import Outcome
from slackbot.slack import messages

pytestmark = pytest.mark.system
NAMES = (
    "<!channel>.png",
    "<!here|x> <!everyone>.png",
    "<@U0ADA00001>.png",
    "<#C0PHOTOS01|photos>.png",
    "<https://evil.example|cat>.png",
    "`code` *bold* ~gone~ _it_.png",
    "photo\u202egnp.exe.png",
    "\u2066cat\u2069\u200b\ufeff.png",
    "cat.png\r\nX-Evil: 1\r\n\r\nbody.png",
    "../../../../etc/cron.d/x.png",
)


def test_hostile_names(workspace, start_bot, png):
    bot = start_bot()
    contents = dict.fromkeys(NAMES, png) | {NAMES[8]: b"no picture"}
    message = workspace.post("#photos", f"<@{workspace.bot_user}>", files=list(contents.items()))

    (reply,) = workspace.wait_for_replies(message, 1, 60)

    workspace.wait_for_reaction(message, "warning")
    lines = reply.text.split("\n")
    assert len(lines) == len(NAMES), reply.text
    assert not re.search(r"<[!@#h]", reply.text), "nothing that Slack would take for a mention or a link"
    assert "`" not in reply.text
    assert all(line.count("*") == 2 for line in lines), "bold where the bot wants it, and nowhere else"
    sent = [call["args"] for call in workspace.calls("files.getUploadURLExternal")]
    texts = [value for args in sent for value in args.values() if isinstance(value, str)]
    for text in (*lines, *texts):
        assert not re.search(r"[\x00-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", text), text
        assert ".." not in text
    assert all("/" not in args["filename"] for args in sent)
    assert bot.page("/healthz")[0] == 200


LINKED = ("evil.com", "https://evil.com", "#general", "@here.png", "@everyone", "me@evil.com", "cat.zip")


@pytest.mark.parametrize("content", ["photo", "no photo"])
def test_names_that_slack_would_link_stay_names(workspace, start_bot, png, content):
    start_bot()
    given = png if content == "photo" else b"no picture"
    message = workspace.post("#general", f"<@{workspace.bot_user}>", files=[(name, given) for name in LINKED])

    (reply,) = workspace.wait_for_replies(message, 1, 60)

    said = json.dumps(reply.data, ensure_ascii=False)
    for name in ("evil.com", "#general", "@here.png", "@everyone", "me@evil.com", "cat.zip"):
        assert f"*{name}*" in said
    assert not re.search(r"<[!#h]", said), said
    texts = [text for call in workspace.calls() for text in mrkdwn(call["args"])]
    assert texts
    assert all(text.get("verbatim") is True for text in texts)


def mrkdwn(value: Any) -> list[dict[str, Any]]:
    """Every mrkdwn text object in the arguments of a call."""
    if isinstance(value, str) and value.startswith(("[", "{")):
        return mrkdwn(json.loads(value))
    if isinstance(value, dict) and value.get("type") == "mrkdwn":
        return [value]
    inner = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return [text for one in inner for text in mrkdwn(one)]


@pytest.mark.parametrize("name", LINKED)
def test_a_text_that_slack_parses_links_no_name(name):
    line = messages.line(Outcome(name, refusal="no."))
    assert parsed(line, {"general": "C1"}.get) != line or name == "me@evil.com"
    unlinked = messages.unlinked(line)
    assert parsed(unlinked, {"general": "C1"}.get) == unlinked
    assert unlinked.replace("\u2060", "") == line
