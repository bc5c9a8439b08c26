"""A photo's format is told by its bytes, and decides the format of the result."""

import pytest

from slackbot.imaging.formats import FORMATS, detect_format, format_of_suffix


def test_kinds_are_told_by_content_and_asked_for_by_suffix():
    assert detect_format(b"\xff\xd8\xff\xe0") is FORMATS["JPEG"]
    assert detect_format(b"") is None
    assert format_of_suffix(".JPEG") is FORMATS["JPEG"]
    assert format_of_suffix(".gif") is None


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP", "TIFF"])
def test_a_kind_is_answered_in_the_same_kind(photo_of, written, paint, encode, name):
    photo = photo_of(encode(paint(40, 30), FORMATS[name].codec))

    assert photo.format is FORMATS[name]
    assert written(photo).format == FORMATS[name].codec


@pytest.mark.parametrize(("name", "answer"), [("GIF", "PNG"), ("BMP", "PNG")])
def test_kinds_that_would_lose_the_work_are_answered_in_another(photo_of, paint, encode, name, answer):
    photo = photo_of(encode(paint(40, 30), name))

    assert (photo.source, photo.format) == (FORMATS[name], FORMATS[answer])


def test_heic_is_answered_as_jpeg(photo_of, paint, encode):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    photo = photo_of(encode(paint(64, 48), "HEIF"))

    assert photo.size == (64, 48)
    assert (photo.source, photo.format) == (FORMATS["HEIC"], FORMATS["JPEG"])
    clear = paint(64, 48).convert("RGBA")
    clear.putalpha(77)
    photo = photo_of(encode(clear, "HEIF"))
    assert photo.format is FORMATS["PNG"], "a JPEG cannot be seen through"
    assert photo.alpha
