"""A photo's colours are those that others see, before and after, whatever the file says of them and however.

What is right comes from ffmpeg's zimg (ITU-R H.273 and BT.2100), from the rule of PNG's specification for gAMA, and
from littleCMS with profiles that libvips carries; littleCMS also reads the profiles of the results.
"""

import io
import shutil
import struct
import subprocess
import zlib
from dataclasses import replace
from functools import partial

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from slackbot.imaging import colour
from slackbot.imaging.colour_profile import profile
from slackbot.imaging.formats import FORMATS
from tests.other_decoders import needs_ffmpeg
from tests.png import chunk
from tests.slackbot.imaging.colours_elsewhere import (
    P3,
    SIDE,
    by_bt2100,
    by_ffmpeg,
    by_littlecms,
    by_p3,
    by_power,
    by_pq,
    middles,
    shown,
)

BT2020 = (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046)
BT709 = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
NUMBERS = np.array(
    [(0, 0, 0), (12, 12, 12), (60, 60, 60), (128, 128, 128), (200, 200, 200), (255, 255, 255),
     (180, 90, 70), (90, 160, 80), (60, 80, 170), (220, 190, 150), (120, 60, 140), (250, 40, 30)], np.uint8
)  # fmt: skip


def patches(most: int = 255) -> Image.Image:
    """A row of patches, whose numbers end at `most`."""
    numbers = (NUMBERS.astype(float) * most / 255).round().astype(np.uint8)
    return Image.fromarray(numbers[None].repeat(SIDE, 0).repeat(SIDE, 1))


def png(image: Image.Image, *chunks: bytes) -> bytes:
    rows = b"".join(b"\0" + row.tobytes() for row in np.asarray(image))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *image.size, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + b"".join([head, *chunks, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")])


def gama(gamma: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))


def chrm(primaries: tuple[float, ...]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(one * 100_000) for one in primaries)))


def cicp(primaries: int, transfer: int) -> bytes:
    return chunk(b"cICP", bytes([primaries, transfer, 0, 1]))


def heic(image: Image.Image, primaries: int, transfer: int) -> bytes:
    file = pillow_heif.from_pillow(image)
    file.info["nclx_profile"] = {
        "color_primaries": primaries,
        "transfer_characteristics": transfer,
        "matrix_coefficients": 0,
        "full_range_flag": 1,
    }
    out = io.BytesIO()
    file.save(out, quality=100, chroma=444, save_nclx_profile=True)
    return out.getvalue()


def avif(image: Image.Image, primaries: int, transfer: int) -> bytes:
    """Written as sRGB, then said to be something else."""
    out = io.BytesIO()
    image.save(out, "AVIF", quality=100, subsampling="4:4:4")
    content = out.getvalue()
    at = content.find(b"colrnclx") + 8
    return content[:at] + struct.pack(">HH", primaries, transfer) + content[at + 4 :]


def with_profile(image: Image.Image, icc: bytes) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", icc_profile=icc)
    return out.getvalue()


def linear_profile() -> bytes:
    """Linear light in sRGB's primaries."""
    usual = struct.pack(
        ">HH5i", 3, 0, *(round(one * 65536) for one in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
    )
    linear = struct.pack(">HH5i", 3, 0, 65536, 65536, 0, 65536, 0)
    assert usual in profile(BT709)
    return profile(BT709).replace(usual, linear)


def grey_profile(gamma: float) -> bytes:
    """A profile for grey pictures, ICC.1:2022."""
    tags = {
        b"desc": b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", 2, 28) + b"\0g",
        b"wtpt": b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061),
        b"kTRC": b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)),
    }
    table, content, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(content), len(data))
        content += data + b"\0" * (-len(data) % 4)
    head = struct.pack(">I4x4s4s4s4s12x4s28x", start + len(content), b"\2\x40\0\0", b"mntr", b"GRAY", b"XYZ ", b"acsp")
    return head + struct.pack(">3i48x", 63190, 65536, 54061) + table + content


SPACES = {
    "PNG, nothing said": (255, png, by_power(1)),
    "PNG, sRGB over gAMA": (255, lambda i: png(i, gama(1.0), chunk(b"sRGB", b"\0")), by_power(1)),
    "PNG, usual gAMA and cHRM": (255, lambda i: png(i, gama(0.45455), chrm(BT709)), by_power(1)),
    "PNG, gAMA of 1.6": (255, lambda i: png(i, gama(1 / 1.6), chrm(BT709)), by_power(1.6 / 2.2)),
    "PNG, linear gAMA": (255, lambda i: png(i, gama(1.0)), by_power(1 / 2.2)),
    "PNG, cHRM of P3": (255, lambda i: png(i, gama(0.45455), chrm(P3)), by_p3),
    "PNG, cICP of P3": (255, lambda i: png(i, cicp(12, 13)), by_p3),
    "PNG, cICP of BT.2020": (255, lambda i: png(i, cicp(9, 13)), lambda i: by_ffmpeg(i, "bt2020", "iec61966-2-1")),
    "PNG, cICP, linear": (255, lambda i: png(i, cicp(1, 8)), lambda i: by_ffmpeg(i, "bt709", "linear")),
    "PNG, cICP of BT.470 M": (255, lambda i: png(i, cicp(1, 5)), lambda i: by_ffmpeg(i, "bt709", "bt470bg")),
    "PNG, PQ": (148, lambda i: png(i, cicp(9, 16)), by_pq),
    "PNG, HLG": (191, lambda i: png(i, cicp(9, 18)), by_bt2100),
    "HEIC, nclx of P3": (255, lambda i: heic(i, 12, 13), by_p3),
    "HEIC, nclx of video": (255, lambda i: heic(i, 1, 1), by_power(1)),
    "AVIF, nclx of P3": (255, lambda i: avif(i, 12, 13), by_p3),
    "HEIC, PQ": (148, lambda i: heic(i, 9, 16), by_pq),
    "profile, linear": (255, lambda i: with_profile(i, linear_profile()), lambda i: by_littlecms(i, linear_profile())),
}  # fmt: skip


@needs_ffmpeg
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP", "TIFF"])
def test_the_result_shows_the_file_s_colours(photo_of, written, space, kind):
    most, make, right = SPACES[space]
    image = patches(most)

    photo = photo_of(make(image))
    result = written(replace(photo, format=FORMATS[kind]))

    near = 3 if kind in ("PNG", "TIFF") else 8
    assert np.abs(shown(result) - np.clip(right(image), 0, 255)).max() <= near
    assert photo.hdr == (space.endswith(("PQ", "HLG")))


@needs_ffmpeg
def test_hlg_s_greys_are_zimg_s(photo_of):
    image = patches(191)

    photo = photo_of(png(image, cicp(9, 18)))

    right = by_ffmpeg(image, "bt2020", "arib-std-b67")[:6]
    assert np.abs(middles(np.asarray(photo.image))[:6] - right).max() <= 2


@pytest.mark.parametrize("transfer", [16, 18])
def test_what_is_brighter_than_paper_keeps_its_order_and_hue(photo_of, transfer):
    ramp = np.arange(256, dtype=np.uint8)
    colours = np.stack([ramp, (ramp * 0.9).astype(np.uint8), (ramp * 0.9).astype(np.uint8)], -1)
    image = Image.fromarray(np.stack([np.stack([ramp] * 3, -1), colours]).repeat(8, 0))

    grey, red = np.asarray(photo_of(png(image, cicp(1, transfer))).image)[[2, 12]].astype(int)

    assert (np.diff(grey[:, 0]) >= 0).all()
    assert tuple(grey[-1]) == (255, 255, 255)
    assert np.ptp(grey, axis=1).max() <= 1
    assert (red[80:, 0] > red[80:, 1]).all()


@pytest.mark.parametrize("chunks", [
    [chrm((0.3127, 0, 0, 0, 0, 0, 0, 0))], [chrm((0.3, 0.3) * 4), gama(0.45455)], [gama(0)], [gama(40_000)],
    [cicp(255, 255)], [cicp(9, 200)], [chunk(b"cICP", b"")], [chrm((0, 0.00001) * 4)],
])  # fmt: skip
def test_nonsense_about_colours_is_no_damage(photo_of, chunks):
    image = patches()

    photo = photo_of(png(image, *chunks))

    assert photo.image.tobytes() == image.tobytes()


def test_every_frame_gets_its_colours(photo_of, paint, encode):
    frames = [paint(24, 16), paint(24, 16).transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    content = encode(frames[0], "PNG", save_all=True, append_images=frames[1:])
    at = content.index(b"IDAT") - 4 if content.index(b"IDAT") < content.index(b"acTL") else content.index(b"acTL") - 4

    photo = photo_of(content[:at] + gama(1 / 1.1) + content[at:])

    assert photo.motion
    for frame, (image, _) in zip(frames, [(photo.image, None), *photo.motion.rest], strict=True):
        right = (np.asarray(frame) / 255) ** (1.1 / 2.2) * 255
        assert np.abs(np.asarray(image) - right).max() <= 1


@needs_ffmpeg
@pytest.mark.parametrize("transfer", [1, 16])
def test_hdr_may_be_told_by_a_profile(photo_of, transfer):
    icc = bytearray(profile(P3))
    count = int.from_bytes(icc[128:132], "big")
    for at in range(132, 132 + 12 * count, 12):  # what is told takes the place of the copyright's text
        start = int.from_bytes(icc[at + 4 : at + 8], "big")
        if icc[at : at + 4] == b"cprt":
            icc[at : at + 4] = b"cicp"
            icc[start : start + 12] = b"cicp" + bytes(4) + bytes([9, transfer, 0, 1])
    image = patches(148)

    photo = photo_of(with_profile(image, bytes(icc)))

    right = by_pq(image) if transfer == 16 else middles(np.asarray(image))
    assert np.abs(middles(np.asarray(photo.image)) - right).max() <= 3
    assert photo.hdr == (transfer == 16)
    assert (photo.icc is None) == (transfer == 16)


def test_a_profile_that_is_not_sound_is_kept_as_it_is(photo_of):
    for icc in (b"x", b"\0" * 200, profile(P3)[:150], profile(P3)[:128] + b"\xff" * 40):
        photo = photo_of(with_profile(patches(), icc))

        assert photo.image.tobytes() == patches().tobytes()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WebP"])
def test_a_grey_picture_has_a_profile_that_fits_and_the_same_colours(photo_of, written, kind):
    grey, icc = patches().convert("L"), grey_profile(1.8)

    photo = photo_of(with_profile(grey, icc))
    result = written(replace(photo, format=FORMATS[kind]))

    assert result.info["icc_profile"][16:20] == (b"RGB " if kind == "WebP" else b"GRAY")
    assert result.mode == ("RGB" if kind == "WebP" else "L")
    seen = by_littlecms(result, result.info["icc_profile"])
    assert np.abs(seen - by_littlecms(grey, icc)).max() <= (2 if kind in ("PNG", "TIFF") else 6)


def test_a_grey_profile_that_is_not_sound_is_left_out_where_it_does_not_fit(photo_of, written):
    for icc in (grey_profile(1.8)[:150], bytes(16) + b"GRAY" + bytes(200)):
        photo = photo_of(with_profile(patches().convert("L"), icc))

        assert "icc_profile" not in written(replace(photo, format=FORMATS["WebP"])).info


def test_a_profile_for_grey_takes_no_colours_away(photo_of):
    photo = photo_of(with_profile(patches(), grey_profile(1.0)))

    assert photo.image.tobytes() == patches().tobytes()
    assert photo.icc is None


def test_grey_needs_no_profile(photo_of):
    photo = photo_of(png(Image.new("RGB", (16, 16), (90, 90, 90)), cicp(12, 13)))

    assert photo.grey
    assert photo.icc is None


@pytest.mark.skipif(shutil.which("vips") is None, reason="libvips is not installed")
def test_a_made_profile_is_the_one_that_others_make(tmp_path):
    numbers = patches()
    numbers.save(tmp_path / "in.png")
    subprocess.run(
        ["vips", "icc_transform", "in.png", "out.png", "srgb", "--input-profile", "p3"], cwd=tmp_path, check=True
    )
    with Image.open(tmp_path / "out.png") as out:
        right = middles(np.asarray(out.convert("RGB")))

    assert np.abs(by_littlecms(numbers, profile(P3)) - right).max() <= 2


@pytest.mark.skipif(shutil.which("avifenc") is None, reason="avifenc is not installed")
@pytest.mark.parametrize("codes", [(12, 13), (9, 16), (9, 18), (1, 13)])
def test_an_avif_tells_its_colours(tmp_path, codes):
    patches().save(tmp_path / "in.png")
    command = ["avifenc", "--cicp", f"{codes[0]}/{codes[1]}/6", "in.png", "out.avif"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    with Image.open(tmp_path / "out.avif") as image:
        found = colour.read(image, partial((tmp_path / "out.avif").open, "rb"))

    if codes == (1, 13):
        assert found is None
    else:
        assert found
        assert found.transfer == codes[1]
        assert found.primaries == pytest.approx(P3 if codes[0] == 12 else BT2020)
