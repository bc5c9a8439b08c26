"""The model server, Slack and the connection fail under the real bot process; the reply comes all the same."""

import pytest
from PIL import Image

from tests.processes import Bot

pytestmark = pytest.mark.system


@pytest.mark.parametrize("behaviour", ["wrong shape", "wrong type", "garbage", "error", "unloaded"])
def test_a_wrong_server_gives_a_bicubic_reply_that_says_so(
    bot, workspace, mention, model, paint, encode, behaviour, opened
):
    del bot
    model.behaviour = behaviour
    photo = paint(30, 20)
    message = mention(("cat.png", encode(photo)))

    (reply,) = workspace.wait_for_replies(message)

    assert "enlarged with bicubic interpolation" in reply.text
    assert "because the model server" in reply.text
    assert opened(reply.files[0]).tobytes() == photo.resize((120, 80), Image.Resampling.BICUBIC).tobytes()
    workspace.wait_for_reaction(message, "warning")


def test_a_stopped_model_server_is_found_again(bot, workspace, mention, model, paint, encode):
    del bot
    content = encode(paint(30, 20))
    model.stop()
    first = mention(("a.png", content))
    workspace.wait_for_reaction(first, "warning")

    second = mention(("b.png", content))
    workspace.wait_for_reaction(second, "warning")

    model.start()
    while True:
        message = mention(("c.png", content))
        (reply,) = workspace.wait_for_replies(message)
        if "enhanced by model" in reply.text:
            break


@pytest.mark.usefixtures("bot")
def test_slack_stumbling_everywhere_does_not_lose_the_reply(workspace, mention, paint, encode):
    for place, kind in (
        ("files.info", "server_error"),
        ("download", "truncated"),
        ("files.getUploadURLExternal", "rate_limited"),
        ("upload", "reset"),
        ("files.completeUploadExternal", "lost_answer"),
        ("reactions.add", "server_error"),
    ):
        workspace.inject_fault(place, kind)
    message = mention(("cat.png", encode(paint(30, 20))))

    workspace.wait_for_reaction(message, "white_check_mark", 60)

    (reply,) = workspace.replies(message)
    assert len(reply.files) == 1


@pytest.mark.usefixtures("bot")
def test_a_cut_socket_is_connected_again(workspace, mention, paint, encode):
    workspace.disconnect(abruptly=True)
    message = mention(("cat.png", encode(paint(30, 20))))

    workspace.wait_for_reaction(message, "white_check_mark", 60)


@pytest.mark.parametrize(
    ("kind", "sentence"), [("reset", "Slack is out of reach for"), ("server_error", "Slack cannot do")]
)
def test_a_bot_that_cannot_connect_ends_with_a_sentence(workspace, model, tmp_path, kind, sentence):
    workspace.inject_fault("apps.connections.open", kind, times=None)
    bot = Bot(tmp_path, {**workspace.environment, "TRITON_URL": model.address})
    bot.begin()
    try:
        assert bot.wait() == 1
    finally:
        bot.kill()
    assert f"slackbot: {sentence} apps_connections_open" in bot.log
    assert "Traceback" not in bot.log
