"""A shared photo comes back enhanced, whatever happens on the way."""

import io
import os

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from tests.processes import ROOT, SERVED, until

pytestmark = pytest.mark.system


def whole(photo: np.ndarray) -> np.ndarray:
    """What the graph makes of the photo in one piece, in full precision."""
    graph = ROOT / "model_repository" / "enhancer" / str(SERVED) / "model.onnx"
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"image": photo[None]})[0])[0]


def opened(workspace, file) -> Image.Image:
    return Image.open(io.BytesIO(workspace.download(file)))


@pytest.fixture
def mention(workspace):
    def post(*files, text="please"):
        return workspace.post("#photos", f"<@{workspace.bot_user}> {text}", files=files)

    return post


@pytest.mark.usefixtures("bot")
def test_a_photo_in_tiles_equals_the_graph_on_the_whole(workspace, mention, photo, png):
    message = mention(("coffee.png", png(photo)))

    (reply,) = workspace.wait_for_replies(message, 1, 60)

    assert f"enhanced by model version {SERVED}" in reply.text
    assert "600 × 400 → 2400 × 1600" in reply.text
    (file,) = reply.files
    assert file["name"] == "coffee_4x.png"
    result = np.asarray(opened(workspace, file))
    assert np.abs(result.astype(int) - whole(photo)).max() <= 2


@pytest.mark.usefixtures("bot")
def test_the_same_event_five_times_is_one_reply(workspace, mention, photo, png):
    message = mention(("small.png", png(photo[:60, :80])))
    workspace.wait_for(lambda w: len(w.deliveries("app_mention")) >= 1, 10, "the first delivery")
    (delivery, *_) = workspace.deliveries("app_mention")
    workspace.redeliver(delivery["event_id"], 4)

    workspace.wait_for_replies(message, 1, 60)
    workspace.wait_for_reaction(message, "white_check_mark")
    after = mention(("after.png", png(photo[:60, :80])))  # jobs are done in their order: a second reply would be there
    workspace.wait_for_replies(after, 1, 60)

    assert len(workspace.replies(message)) == 1


@pytest.mark.usefixtures("bot")
def test_triton_killed_in_mid_job_gives_bicubic_and_its_return_enhances_again(
    workspace, mention, triton, photo, large, png
):
    before = triton.inferences()
    message = mention(("large.png", png(large)))
    until(lambda: triton.inferences() > before, 60, "the first tile")
    triton.crash()

    (reply,) = workspace.wait_for_replies(message, 1, 120)
    assert "enlarged with bicubic interpolation" in reply.text
    wanted = Image.fromarray(large).resize((large.shape[1] * 4, large.shape[0] * 4), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(np.asarray(opened(workspace, reply.files[0])), np.asarray(wanted))
    workspace.wait_for_reaction(message, "warning")

    triton.start()
    while True:
        message = mention(("again.png", png(photo[:60, :80])))
        (reply,) = workspace.wait_for_replies(message, 1, 60)
        if "enhanced by model version" in reply.text:
            break


@pytest.mark.timeout(600)
def test_a_bot_killed_in_mid_job_replies_after_its_return(workspace, bot, mention, triton, large, png):
    before = triton.inferences()
    message = mention(("large.png", png(large)))
    until(lambda: triton.inferences() > before, 60, "the first tile")
    bot.kill()
    assert workspace.replies(message) == []

    bot.start()

    (reply,) = workspace.wait_for_replies(message, 1, 500)
    assert "enhanced by model version" in reply.text
    assert opened(workspace, reply.files[0]).size == (large.shape[1] * 4, large.shape[0] * 4)
    workspace.wait_for_reaction(message, "white_check_mark")
    assert len(workspace.replies(message)) == 1


@pytest.mark.usefixtures("bot")
def test_bad_files_get_a_sentence_each_and_the_next_photo_works(workspace, mention, photo, png):
    good = png(photo[:60, :80])
    bad = {
        "words.jpg": b"these are words",
        "paper.jpg": b"%PDF-1.7\n" + os.urandom(2000),
        "empty.png": b"",
        "half.png": good[: len(good) // 2],
    }
    message = mention(*bad.items())
    (reply,) = workspace.wait_for_replies(message, 1, 60)
    lines = reply.text.split("\n")
    assert [line.split(":")[0] for line in lines] == [f"*{name}*" for name in bad]
    assert reply.files == []
    workspace.wait_for_reaction(message, "x")

    (reply,) = workspace.wait_for_replies(mention(("good.png", good)), 1, 60)
    assert "enhanced by model version" in reply.text
