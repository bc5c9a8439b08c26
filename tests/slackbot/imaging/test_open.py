"""What cannot be opened gets one sentence."""

import pytest

from slackbot.imaging.errors import DamagedPhoto, EmptyFile, NotAPhoto, PhotoError, PhotoTooLarge, UnreadableKind
from tests.png import png


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptyFile),
        (b"hello", NotAPhoto),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", NotAPhoto),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NotAPhoto),
        (b"<!doctype html><title>Sign in</title>", NotAPhoto),
        (b"\xff\x0a\x7f\x00", UnreadableKind),  # JPEG XL
        (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ", UnreadableKind),
        (b"\xff\xd8\xff", DamagedPhoto),
        (b"\x89PNG\r\n\x1a\n", DamagedPhoto),
        (b"GIF89a", DamagedPhoto),
        (b"RIFF\0\0\0\0WEBPVP8 ", DamagedPhoto),
        (b"\0\0\0\x18ftypheic\0\0\0\0", DamagedPhoto),
        (png(100, 100), DamagedPhoto),
        (png(8001, 8000), PhotoTooLarge),
        (png(30_000, 30_000), PhotoTooLarge),
        (png(2_000_000_000, 2), PhotoTooLarge),
    ],
)
def test_what_is_no_photo_gets_one_sentence(photo_of, content, error):
    with pytest.raises(error) as caught:
        photo_of(content)

    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_truncated_picture_is_damaged(photo_of, paint, encode, format, part):  # noqa: A002
    content = encode(paint(80, 60), format)

    with pytest.raises(PhotoError):
        photo_of(content[: int(len(content) * part)])
