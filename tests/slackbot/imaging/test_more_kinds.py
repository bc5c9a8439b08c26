"""AVIF, JPEG 2000 and Photoshop files, as ffmpeg, libavif's own tools and ImageMagick show them."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from docs.sample_files import jp2_with_profile, psd
from slackbot.imaging.errors import UnreadableKind
from slackbot.imaging.formats import FORMATS, detect_format
from tests.other_decoders import by_ffmpeg, by_imagemagick, difference, needs_ffmpeg, needs_imagemagick
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
def test_an_avif_is_turned_as_its_properties_say(photo_of, tmp_path, turns, mirrored):
    image = picture(120, 80)
    options = [*(("--irot", str(turns)) if turns else ()), *(("--imir", "1") if mirrored else ())]
    photo = photo_of(avifenc(tmp_path, "-y", "444", *options, frames=(image,)))

    right = np.rot90(np.asarray(image), turns)
    right = right[:, ::-1] if mirrored else right  # left to right, after the turn
    assert difference(photo.image, Image.fromarray(right)) < 2


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


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_the_flat_picture_of_a_photoshop_file(photo_of, mode):
    image = picture(40, 30).convert(mode)
    photo = photo_of(psd(image, layers=2, icc=PROFILE if mode == "RGB" else b""))

    assert (photo.source, photo.format, photo.pages) == (FORMATS["PSD"], FORMATS["PNG"], 1)
    assert photo.image.tobytes() == image.convert("RGB").tobytes()
    assert photo.icc == (PROFILE if mode == "RGB" else None)


@needs_imagemagick
@pytest.mark.parametrize("layers", [-1, 1])
def test_a_fourth_channel_is_transparency_or_a_selection(photo_of, tmp_path, layers):
    """Photoshop lays colours over white, and ImageMagick takes them off again."""
    image = clear(picture(40, 30))
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    paper.putalpha(image.getchannel("A"))
    content = psd(paper, layers)
    (tmp_path / "a.psd").write_bytes(content)
    photo = photo_of(content)

    if layers > 0:
        assert photo.alpha is None
        assert photo.image.tobytes() == paper.convert("RGB").tobytes()
        return
    right = by_imagemagick(tmp_path / "a.psd", "RGBA")
    assert photo.alpha
    assert photo.alpha.tobytes() == right.getchannel("A").tobytes()
    visible = np.asarray(photo.alpha) > 64
    for other in (right, picture(40, 30)):
        assert np.abs(np.asarray(photo.image, float) - np.asarray(other.convert("RGB")))[visible].max() <= 3


@needs_imagemagick
@pytest.mark.parametrize("kind", ["TrueColor", "TrueColorAlpha", "Grayscale"])
def test_photoshop_files_of_imagemagick(photo_of, tmp_path, kind):
    clear(picture(40, 30)).save(tmp_path / "a.png")
    command = [shutil.which("convert-im6.q16") or "magick", "a.png", "-type", kind, "-compress", "RLE", "a.psd"]
    subprocess.run(command, cwd=tmp_path, check=True)
    photo = photo_of((tmp_path / "a.psd").read_bytes())
    right = by_imagemagick(tmp_path / "a.psd", "RGBA")

    opaque = np.asarray(right.getchannel("A")) == 255
    assert np.abs(np.asarray(photo.image, float) - np.asarray(right.convert("RGB")))[opaque].max(initial=0) <= 1


@pytest.mark.parametrize(
    "content",
    [psd(picture(4, 4), bits=16), b"8BPS\0\2" + psd(picture(4, 4))[6:]],
    ids=["16 bits", "large document"],
)
def test_a_photoshop_file_of_a_kind_that_is_not_read_is_not_called_damaged(photo_of, content):
    with pytest.raises(UnreadableKind):
        photo_of(content)


def test_sizes_are_told_before_pixels_are_made(photo_of):
    content = bytearray(psd(picture(4, 4)))
    content[14:22] = struct.pack(">II", 9000, 9000)
    with pytest.raises(Exception, match=r"81\.0 megapixels"):
        photo_of(bytes(content))
