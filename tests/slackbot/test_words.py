"""The words of a message, obeyed by the real bot process in the playground."""

import numpy as np
import pytest
from PIL import Image

from playground.workspace import PERSON

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("standing_bot")]


@pytest.mark.parametrize(
    ("words", "name", "format"),
    [
        ("as png please", "cat_4x.png", "PNG"),
        ("jpeg", "cat_4x.jpg", "JPEG"),
        ("2x, and in WebP, with sugar on top", "cat_2x.webp", "WEBP"),
        ("can you help me sharpen this one?", "cat_4x.jpg", "JPEG"),
        ("twice as large please, and don't compare", "cat_2x.jpg", "JPEG"),
    ],
)
def test_a_kind_and_a_scale_in_any_order_among_unknown_words(
    workspace, mention, paint, encode, opened, words, name, format  # noqa: A002
):  # fmt: skip
    (reply,) = workspace.wait_for_replies(mention(("cat.jpg", encode(paint(30, 20), "JPEG")), text=words))

    (file,) = reply.files
    assert (file["name"], opened(file).format) == (name, format)


def test_a_scale_that_there_is_not_is_4x_and_said(workspace, mention, paint, encode):
    (reply,) = workspace.wait_for_replies(mention(("cat.png", encode(paint(30, 20))), text="8× please"))

    assert reply.files[0]["name"] == "cat_4x.png"
    assert "I can do 2x and 4x, not 8x" in reply.text


def test_compare_adds_one_picture_bicubic_left_and_ours_right(workspace, mention, paint, encode, opened):
    photo = paint(150, 100)
    message = mention(("cat.png", encode(photo)), text="compare")

    (reply,) = workspace.wait_for_replies(message)

    result, sheet = reply.files
    assert (result["name"], sheet["name"]) == ("cat_4x.png", "cat_compare.png")
    pixels = np.asarray(opened(sheet).convert("RGB"))
    large = (600, 400)
    assert (pixels[:400, :290] == np.asarray(photo.resize(large, Image.Resampling.BICUBIC))[:, :290]).all()
    assert (pixels[:400, 310:] == np.asarray(photo.resize(large, Image.Resampling.NEAREST))[:, 310:]).all()
    assert pixels.shape[0] > 400, "the labels"
    assert "two halves" in sheet["alt_txt"]
    assert "enlarged to 600 × 400 pixels" in result["alt_txt"]


def test_bicubic_is_done_as_asked_and_is_no_warning(workspace, mention, paint, encode, opened):
    photo = paint(30, 20)
    message = mention(("cat.png", encode(photo)), text="bicubic compare")

    (reply,) = workspace.wait_for_replies(message)

    assert "enlarged with bicubic interpolation" in reply.text
    assert "as you asked. There is nothing to compare" in reply.text
    assert opened(reply.files[0]).tobytes() == photo.resize((120, 80), Image.Resampling.BICUBIC).tobytes()
    workspace.wait_for_reaction(message, "white_check_mark")


@pytest.mark.parametrize(("words", "kept"), [("please", False), ("keep metadata", True)])
def test_metadata_is_passed_on_only_where_asked(workspace, mention, paint, encode, opened, words, kept):
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "where I live", 6
    content = encode(paint(30, 20), "JPEG", exif=exif)

    (reply,) = workspace.wait_for_replies(mention(("cat.jpg", content), text=words))

    result = opened(reply.files[0])
    assert result.size == (80, 120)
    assert result.getexif().get(0x010E) == ("where I live" if kept else None)
    assert 0x0112 not in result.getexif()


@pytest.mark.parametrize(("format", "name"), [("GIF", "film_4x.gif"), ("WEBP", "film_4x.webp"), ("PNG", "film_4x.png")])
def test_an_animation_comes_back_moving(workspace, mention, paint, encode, opened, format, name):  # noqa: A002
    frames = [paint(30, 20, seed) for seed in range(3)]
    content = encode(frames[0], format, save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0)

    (reply,) = workspace.wait_for_replies(mention(("film", content)))

    result = opened(reply.files[0])
    assert "All 3 frames." in reply.text
    assert (reply.files[0]["name"], result.n_frames, result.size) == (name, 3, (120, 80))


def test_status_says_how_it_is(workspace, mention):
    (reply,) = workspace.wait_for_replies(mention(text="status?"))

    assert reply.text.startswith("The model server is up")


def test_cancel_without_a_job_says_so(workspace, mention):
    (reply,) = workspace.wait_for_replies(mention(text="cancel"))

    assert reply.text == "There is nothing of yours to stop here."


def test_help_names_every_word_and_way(workspace, mention):
    (reply,) = workspace.wait_for_replies(mention(text="2x help"))

    for word in ("2x", "4x", "png", "jpeg", "webp", "compare", "bicubic", "keep metadata", "status", "cancel", "help"):
        assert f"`{word}`" in reply.text
    for way in ("`watch`", "`unwatch`", "Enhance photos", "direct message", "thread"):
        assert way in reply.text


def test_a_watched_channel_needs_no_mention_until_it_is_no_longer(workspace, mention, paint, encode):
    content = encode(paint(30, 20))
    channel = workspace.add_channel("holiday")
    before = workspace.post(channel, "before", files=[("a.png", content)])
    (reply,) = workspace.wait_for_replies(mention(text="watch", channel=channel))
    assert "I am watching this channel now" in reply.text

    photo = workspace.post(channel, "cancel status help", files=[("b.png", content)], user="grace")
    (reply,) = workspace.wait_for_replies(photo)
    assert [file["name"] for file in reply.files] == ["b_4x.png"]
    paper = workspace.post(channel, "minutes", files=[("minutes.pdf", b"%PDF-1.7")])
    words = workspace.post(channel, "no photo")

    (reply,) = workspace.wait_for_replies(mention(text="unwatch", channel=channel))
    assert "I no longer watch this channel" in reply.text
    after = workspace.post(channel, "after", files=[("c.png", content)])
    workspace.wait_for_reaction(mention(("d.png", content), channel=channel), "white_check_mark")
    for silent in (before, paper, words, after):
        assert workspace.replies(silent) == []


def test_watch_is_for_channels(workspace):
    (reply,) = workspace.wait_for_replies(workspace.post(PERSON, "watch"))

    assert reply.text == "We are alone here, so I take every photo anyway. `watch` is for channels."


def test_a_result_too_large_for_the_workspace_is_2x_and_says_so(workspace, mention, paint, encode, opened):
    photo = paint(100, 100)
    large = photo.resize((400, 400), Image.Resampling.NEAREST)
    four, two = (len(encode(image, "JPEG", quality=92)) for image in (large, large.reduce(2)))
    assert two * 1.2 < four
    workspace.set(max_upload_bytes=round((two + four) / 2))
    message = mention(("cat.png", encode(photo)), text="jpeg")

    (reply,) = workspace.wait_for_replies(message)

    assert reply.text.endswith("At 4x it would be too large, so it is 2x.")
    assert (reply.files[0]["name"], opened(reply.files[0]).size) == ("cat_2x.jpg", (200, 200))


def test_a_missing_scope_is_named(workspace, mention, paint, encode):
    scopes = workspace.state()["settings"]["scopes"]
    workspace.set(scopes=[scope for scope in scopes if scope != "files:write"])

    (reply,) = workspace.wait_for_replies(mention(("cat.png", encode(paint(30, 20)))))

    assert "the missing scope is files:write. Please ask the person who installed me" in reply.text
