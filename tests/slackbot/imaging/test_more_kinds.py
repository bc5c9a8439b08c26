"""AVIF and JPEG 2000 files, as ffmpeg and libavif's own tools show them."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from docs.sample_files import jp2_with_profile
from slackbot.imaging.formats import FORMATS, detect_format
from tests.other_decoders import by_ffmpeg, difference, needs_ffmpeg
from tests.slackbot.conftest import picture

CASES = Path(__file__).resolve().parents[4] / "shared" / "cases"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
needs_avifenc = pytest.mark.skipif(
    not (shutil.which("avifenc") and shutil.which("avifdec")), reason="libavif's tools are not installed"
)


def clear(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def avifenc(folder: Path, *options: str, frames: tuple[Image.Image, ...]) -> bytes:
    for index, frame in enumerate(frames):
        frame.save(folder / f"{index}.png")
    names = [f"{index}.png" for index in range(len(frames))]
    command = ["avifenc", "--min", "0", "--max", "10", *options, *names, "out.avif"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "out.avif").read_bytes()


def avifdec(folder: Path, mode: str) -> Image.Image:
    subprocess.run(["avifdec", "-d", "8", "out.avif", "back.png"], cwd=folder, check=True, capture_output=True)
    return Image.open(folder / "back.png").convert(mode)


@needs_avifenc
@needs_ffmpeg
@pytest.mark.parametrize("sampling", ["444", "422", "420"])
@pytest.mark.parametrize("depth", ["8", "10", "12"])
def test_an_avif_is_as_others_show_it(photo_of, tmp_path, sampling, depth):
    photo = photo_of(avifenc(tmp_path, "-y", sampling, "-d", depth, frames=(picture(120, 80),)))

    assert (photo.source, photo.format) == (FORMATS["AVIF"], FORMATS["JPEG"])
    assert photo.deep == (depth != "8")
    assert (photo.alpha, photo.pages) == (None, 1)
    assert difference(photo.image, avifdec(tmp_path, "RGB")) < 1
    assert difference(photo.image, by_ffmpeg(tmp_path / "out.avif")) < 2
    assert difference(photo.image, picture(120, 80)) < 3


@needs_avifenc
def test_an_avif_keeps_its_transparency_and_becomes_a_png(photo_of, tmp_path):
    photo = photo_of(avifenc(tmp_path, frames=(clear(picture(120, 80)),)))
    right = avifdec(tmp_path, "RGBA")

    assert photo.format is FORMATS["PNG"]
    assert photo.alpha
    assert difference(photo.alpha, right.getchannel("A")) < 0.1
    assert difference(photo.image, right.convert("RGB")) < 0.5


@pytest.mark.parametrize("options", [{"icc_profile": PROFILE}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}])
def test_an_avif_keeps_its_profile(photo_of, encode, options):
    photo = photo_of(encode(picture(120, 80), "AVIF", **options))

    assert photo.icc == options.get("icc_profile")


@needs_avifenc
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("count", [1, 2])
def test_an_avif_is_turned_as_its_properties_say(photo_of, tmp_path, turns, mirrored, count):
    image = picture(120, 80)
    options = [*(("--irot", str(turns)) if turns else ()), *(("--imir", "1") if mirrored else ())]
    photo = photo_of(avifenc(tmp_path, "-y", "444", *options, frames=(image,) * count))

    right = np.rot90(np.asarray(image), turns)
    right = right[:, ::-1] if mirrored else right  # left to right, after the turn
    assert photo.frames == count
    for frame, _ in [(photo.image, None), *(photo.motion.rest if photo.motion else ())]:
        assert difference(frame, Image.fromarray(right)) < 2


@needs_avifenc
@needs_ffmpeg
@pytest.mark.parametrize("with_alpha", [False, True])
def test_a_moving_avif_becomes_a_moving_webp(photo_of, written, tmp_path, with_alpha):
    frames = tuple(clear(picture(64, 48, seed)) if with_alpha else picture(64, 48, seed) for seed in range(4))
    photo = photo_of(avifenc(tmp_path, "--fps", "20", "-y", "444", frames=frames))

    assert (photo.format, photo.frames, photo.pages) == (FORMATS["WebP"], 4, 4)
    assert photo.motion
    assert photo.motion.durations == (50,) * 4
    for frame, (image, alpha) in zip(frames, [(photo.image, photo.alpha), *photo.motion.rest], strict=True):
        assert difference(image, frame.convert("RGB")) < 3
        assert alpha is None or difference(alpha, frame.getchannel("A")) < 1
        assert (alpha is not None) == with_alpha
    result = written(photo)
    assert (result.format, getattr(result, "n_frames", 1)) == ("WEBP", 4)


def test_the_brands_of_a_container_tell_avif_from_heic(encode):
    avif = encode(picture(40, 30), "AVIF")
    plain = avif[:8] + b"mif1" + avif[12:]
    assert b"avif" in plain[16:32]

    assert detect_format(plain) is FORMATS["AVIF"]
    assert detect_format(plain.replace(b"avif", b"heic")) is FORMATS["HEIC"]
    assert detect_format(b"\0\0\0\x18ftypisom\0\0\0\0isommp42") is None


@needs_ffmpeg
@pytest.mark.skipif(not CASES.exists(), reason="the real files are not at hand")
@pytest.mark.parametrize("name", ["hopper.avif", "transparency.avif"])
def test_a_real_avif_is_as_ffmpeg_shows_it(photo_of, name):
    photo = photo_of((CASES / name).read_bytes())

    assert bool(photo.alpha) == (name == "transparency.avif")
    assert difference(photo.image, by_ffmpeg(CASES / name)) < 1.5


@needs_ffmpeg
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
@pytest.mark.parametrize("options", [{}, {"no_jp2": True}, {"quality_layers": [20], "irreversible": True}])
def test_a_jpeg_2000_is_as_ffmpeg_shows_it(photo_of, encode, tmp_path, mode, options):
    image = clear(picture(120, 80)) if mode == "RGBA" else picture(120, 80).convert(mode)
    content = encode(image, "JPEG2000", **options)
    photo = photo_of(content)
    (tmp_path / "a.jp2").write_bytes(content)

    assert photo.source is FORMATS["JPEG 2000"]
    assert photo.format is FORMATS["PNG" if mode == "RGBA" else "JPEG"]
    assert photo.grey == (mode == "L")
    assert difference(photo.image, by_ffmpeg(tmp_path / "a.jp2")) < 1
    assert (photo.alpha is not None) == (mode == "RGBA")


def test_a_jpeg_2000_of_sixteen_bits_says_so(photo_of, encode):
    values = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16
    photo = photo_of(encode(Image.fromarray(values), "JPEG2000"))

    assert photo.deep
    assert np.abs(np.asarray(photo.image.getchannel(0), float) - values / 257).max() <= 1


def test_a_jpeg_2000_keeps_its_profile(photo_of, encode):
    content = jp2_with_profile(encode(picture(40, 30), "JPEG2000"), PROFILE)

    assert photo_of(content).icc == PROFILE
