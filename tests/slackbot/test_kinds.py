"""A photo's kind is told by its bytes, and decides the kind of the answer."""

import pytest

from slackbot.kinds import KINDS, kind_of, kind_of_suffix


def test_kinds_are_told_by_content_and_asked_for_by_suffix():
    assert kind_of(b"\xff\xd8\xff\xe0") is KINDS["JPEG"]
    assert kind_of(b"") is None
    assert kind_of_suffix(".JPEG") is KINDS["JPEG"]
    assert kind_of_suffix(".gif") is None


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP", "TIFF"])
def test_a_kind_is_answered_in_the_same_kind(photo_of, written, paint, encode, name):
    photo = photo_of(encode(paint(40, 30), KINDS[name].format))

    assert photo.kind is KINDS[name]
    assert written(photo).format == KINDS[name].format


@pytest.mark.parametrize(("name", "answer"), [("GIF", "PNG"), ("BMP", "PNG")])
def test_kinds_that_would_lose_the_work_are_answered_in_another(photo_of, paint, encode, name, answer):
    photo = photo_of(encode(paint(40, 30), name))

    assert (photo.source, photo.kind) == (KINDS[name], KINDS[answer])


def test_heic_is_answered_as_jpeg(photo_of, paint, encode):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    photo = photo_of(encode(paint(64, 48), "HEIF"))

    assert photo.size == (64, 48)
    assert (photo.source, photo.kind) == (KINDS["HEIC"], KINDS["JPEG"])
    clear = paint(64, 48).convert("RGBA")
    clear.putalpha(77)
    photo = photo_of(encode(clear, "HEIF"))
    assert photo.kind is KINDS["PNG"], "a JPEG cannot be seen through"
    assert photo.alpha
