"""Names that try to ping, to format, to hide or to break out: they stay names."""

import re

import pytest

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

    workspace.wait_for_reaction(message, "x")
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
