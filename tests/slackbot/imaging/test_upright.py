"""However a photo was held, it comes upright, once."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from slackbot.imaging.decode import open_photo
from slackbot.limits import PhotoLimits


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_upright_and_stays_so(photo_of, written, paint, encode, orientation):
    image = paint(40, 30)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encode(image, "PNG", exif=exif)

    photo = photo_of(content)

    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    assert photo.size == ((40, 30) if orientation < 5 else (30, 40))
    assert photo.image.tobytes() == upright.tobytes()
    assert 0x0112 not in written(photo).getexif()


UPRIGHT = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["TIFF", "HEIC"])
def test_kinds_that_turn_by_themselves_are_not_turned_twice(photo_of, paint, encode, kind, orientation):
    image = paint(64, 48)
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "TIFF":
        content = encode(image, "TIFF", exif=exif)
    else:
        pillow_heif = pytest.importorskip("pillow_heif")
        heic = pillow_heif.from_pillow(image)
        heic[0].info["exif"] = exif.tobytes()  # becomes boxes of HEIF's own, as on a phone
        out = io.BytesIO()
        heic.save(out, quality=100, chroma=444)
        content = out.getvalue()

    pixels = np.asarray(photo_of(content).image).astype(int)

    expected = UPRIGHT[orientation](np.asarray(image))
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).mean() < (2 if kind == "HEIC" else 0.001)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_every_frame_comes_upright(photo_of, written, paint, encode, kind, orientation):
    frames = [paint(64, 48, seed) for seed in range(3)]
    exif = Image.Exif()
    exif[0x0112] = orientation

    options = {"lossless": True} if kind == "WEBP" else {}
    photo = photo_of(encode(frames[0], kind, save_all=True, append_images=frames[1:], exif=exif, **options))

    assert photo.motion
    for frame, (image, _) in zip(frames, [(photo.image, None), *photo.motion.rest], strict=True):
        assert (np.asarray(image) == UPRIGHT[orientation](np.asarray(frame))).all()
    result = written(replace(photo, image=photo.image.copy()))
    assert (result.size, 0x0112 in result.getexif()) == (photo.size, False)


def test_the_first_of_too_many_frames_comes_upright(tmp_path, paint, encode):
    frames = [paint(64, 48, seed) for seed in range(3)]
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "film.png"
    path.write_bytes(encode(frames[0], "PNG", save_all=True, append_images=frames[1:], exif=exif))

    photo = open_photo(path, PhotoLimits(frames=2))

    assert photo.motion is None
    assert (np.asarray(photo.image) == UPRIGHT[6](np.asarray(frames[0]))).all()


def test_a_moving_png_may_tell_behind_its_frames_how_it_was_held(photo_of, paint, encode):
    frames = [paint(64, 48, seed) for seed in range(2)]
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encode(frames[0], "PNG", save_all=True, append_images=frames[1:], exif=exif)
    at = content.index(b"eXIf") - 4
    end = at + 12 + int.from_bytes(content[at : at + 4], "big")

    photo = photo_of(content[:at] + content[end:-12] + content[at:end] + content[-12:])

    assert photo.motion
    for frame, (image, _) in zip(frames, [(photo.image, None), *photo.motion.rest], strict=True):
        assert (np.asarray(image) == UPRIGHT[6](np.asarray(frame))).all()
