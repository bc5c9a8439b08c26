"""What a file holds beside its picture is no page, and a camera's raw file gets a sentence, whatever its preview."""

import io
import struct
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from slackbot.imaging.errors import NotAPhoto, UnreadableKind
from tests.slackbot.conftest import picture
from tests.tiled_heic import SIDE, encoded, tiled_heic

CASES = Path(__file__).resolve().parents[4] / "shared" / "cases"
SUBFILE, PHOTOMETRIC, CHILDREN, DNG_VERSION = 254, 262, 330, 50706


def grey_directory(size: tuple[int, int], pixels_at: int, **more: int) -> dict[int, int]:
    """The tags of an uncompressed grey picture."""
    tags = {256: size[0], 257: size[1], 258: 8, 259: 1, PHOTOMETRIC: 1, 273: pixels_at, 277: 1, 278: size[1]}
    return tags | {279: size[0] * size[1]} | {int(tag[1:]): value for tag, value in more.items()}


def tiff(*chain: dict[int, int], child: dict[int, int] | None = None, order: str = "<", big: bool = False) -> bytes:
    """A TIFF of these directories, the last of which may be the child of the first; its pixels are grey ramps."""
    entry, count, word, start = ("HHQQ", "Q", "Q", 16) if big else ("HHII", "H", "I", 8)
    directories = [dict(one) for one in chain] + ([child] if child else [])
    around, each = struct.calcsize(f"{order}{count}{word}"), struct.calcsize(f"{order}{entry}")
    sizes = [around + (len(one) + (child is not None)) * each for one in directories]
    begins = [start + sum(sizes[:index]) for index in range(len(sizes))]
    if child:
        directories[0][CHILDREN] = begins[-1]
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}H", 43 if big else 42)
    content = head + (struct.pack(f"{order}HHQ", 8, 0, start) if big else struct.pack(f"{order}I", start))
    for index, tags in enumerate(directories):
        following = begins[index + 1] if index + 1 < len(chain) else 0
        written = struct.pack(f"{order}{count}", len(tags))
        kind = 16 if big else 4
        written += b"".join(struct.pack(f"{order}{entry}", tag, kind, 1, value) for tag, value in sorted(tags.items()))
        written += struct.pack(f"{order}{word}", following)
        content += written.ljust(sizes[index], b"\0")
    return content.ljust(1000, b"\0") + bytes(range(256)) * 8


@pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True)])
def test_a_tiff_of_pages(photo_of, order, big):
    photo = photo_of(tiff(grey_directory((16, 16), 1000), grey_directory((20, 10), 1000), order=order, big=big))

    assert (photo.size, photo.pages) == ((16, 16), 2)


def test_a_big_tiff_of_the_rarer_byte_order_is_not_called_damaged(photo_of):
    with pytest.raises(UnreadableKind, match="rarer"):
        photo_of(tiff(grey_directory((16, 16), 1000), order=">", big=True))


@pytest.mark.parametrize("subfile", [1, 4, 5])
@pytest.mark.parametrize("big", [False, True])
def test_thumbnails_and_masks_are_no_pages(photo_of, subfile, big):
    whole, small = grey_directory((40, 30), 1000), grey_directory((8, 6), 1000, _254=subfile)

    for content in (tiff(whole, small, big=big), tiff(small, whole, big=big)):
        photo = photo_of(content)
        assert (photo.size, photo.pages) == ((40, 30), 1)
    assert photo_of(tiff(small)).size == (8, 6), "the only one there is"


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "raw",
    {
        "DNG": lambda **how: tiff(grey_directory((16, 12), 1000, _50706=0x00000401), **how),
        "a sensor below a preview": lambda **how: tiff(
            grey_directory((16, 12), 1000, _254=1), child=grey_directory((40, 30), 1000, _262=32803), **how
        ),
        "linear raw as the second": lambda **how: tiff(
            grey_directory((16, 12), 1000), grey_directory((40, 30), 1000, _262=34892), **how
        ),
    }.items(),
    ids=lambda raw: raw[0],
)
def test_a_raw_file_that_is_a_tiff_gets_a_sentence(photo_of, raw, order, big):
    with pytest.raises(UnreadableKind, match="raw file"):
        photo_of(raw[1](order=order, big=big))


@pytest.mark.parametrize(
    "head",
    [
        b"II*\0\x10\0\0\0CR\2\0",
        b"FUJIFILMCCD-RAW 0201",
        b"IIRO\x08\0\0\0",
        b"IIU\0\x08\0\0\0",
        b"\0\0\0\x18ftypcrx \0\0\0\1",
    ],
)
def test_raw_files_are_known_by_their_first_bytes(photo_of, head):
    with pytest.raises(UnreadableKind, match="raw file"):
        photo_of(head + bytes(100))


def test_directories_in_a_circle_end(photo_of):
    content = bytearray(tiff(grey_directory((16, 16), 1000)))
    number = len(grey_directory((16, 16), 1000))
    content[10 + 12 * number : 14 + 12 * number] = struct.pack("<I", 8)

    assert photo_of(bytes(content)).pages == 1


def test_the_second_picture_of_a_jpeg_is_no_page(photo_of):
    out = io.BytesIO()
    picture(64, 48).save(out, "MPO", save_all=True, append_images=[picture(16, 12)])
    with Image.open(out) as image:
        assert (image.format, getattr(image, "n_frames", 1)) == ("MPO", 2)

    photo = photo_of(out.getvalue())
    assert (photo.size, photo.pages) == ((64, 48), 1)


def test_the_thumbnail_of_a_heic_is_no_page(photo_of):
    out = io.BytesIO()
    file = pillow_heif.from_pillow(picture(256, 192))
    file.info["thumbnails"] = [64]
    file.save(out)

    assert photo_of(out.getvalue()).pages == 1
    file.add_from_pillow(picture(128, 96))
    file.save(again := io.BytesIO())
    assert photo_of(again.getvalue()).pages == 2, "a second photo is one"


@pytest.mark.parametrize(("kind", "pages"), [(b"ster", 1), (b"altr", 1), (b"eqiv", 2)])
def test_the_other_eye_of_a_heic_is_no_page(photo_of, kind, pages):
    tile = encoded(picture(SIDE, SIDE))

    assert photo_of(tiled_heic((700, 400), [tile], twin=kind)).pages == pages


@pytest.mark.skipif(not CASES.exists(), reason="the real files are not at hand")
def test_real_files(photo_of):
    assert photo_of((CASES / "apple_gainmap_new.jpg").read_bytes()).pages == 1
    with pytest.raises(UnreadableKind):
        photo_of((CASES / "phone.dng").read_bytes())


def test_words_are_no_raw_file(photo_of):
    with pytest.raises(NotAPhoto):
        photo_of(b"IIRC, no picture")
