"""Every frame of an animation, before and after, as ffmpeg shows it."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from slackbot.imaging.decode import open_photo
from slackbot.imaging.encode import save_photo
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.photo import Photo
from slackbot.inference.enhancer import Enhancer
from slackbot.limits import MEGAPIXEL, PhotoLimits, ServerLimits
from tests.other_decoders import needs_ffmpeg
from tests.slackbot.imaging.test_animation import Nearest

LIMITS = PhotoLimits()
_CASES = Path(__file__).parents[4] / "shared" / "cases"  # real files of others, where they are at hand
CASES = [
    path
    for name in ("dispose_bgnd_rgba.gif", "dispose_op_previous.png", "lines.gif", "num_plays_1.png", "sticker.apng.png")
    if (path := _CASES / name).exists()
]


def seen(path: Path, size: tuple[int, int]) -> np.ndarray:
    """All frames as ffmpeg shows them: UINT8 [N, H, W, 4]."""
    demuxer = {b"GIF8": "gif", b"\x89PNG": "apng"}[path.read_bytes()[:4]]
    command = ["ffmpeg", "-v", "error", "-f", demuxer, "-i", str(path), "-vsync", "passthrough"]
    out = subprocess.run([*command, "-pix_fmt", "rgba", "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    return np.frombuffer(out, np.uint8).reshape(-1, size[1], size[0], 4)


def times(path: Path) -> list[int]:
    """When each frame begins, in milliseconds, as ffprobe says."""
    command = ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "json", str(path)]
    said = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return [round(float(packet["pts_time"]) * 1000) for packet in said["packets"]]


def as_frames(photo: Photo) -> np.ndarray:
    frames = [(photo.image, photo.alpha), *(photo.motion.rest if photo.motion else ())]
    return np.stack([
        np.dstack([np.asarray(image), np.full(image.size[::-1], 255, np.uint8) if alpha is None else np.asarray(alpha)])
        for image, alpha in frames
    ])  # fmt: skip


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """The mean distance of two films on white, each channel from 0 to 255, and of their alpha."""
    films = []
    for film in (one, other):
        alpha = film[..., 3:] / 255
        films.append(np.concatenate([film[..., :3] * alpha + 255 * (1 - alpha), film[..., 3:]], axis=-1))
    assert one.shape == other.shape
    return float(np.abs(films[0] - films[1]).mean())


@pytest.fixture(params=["gif clear", "gif over", "gif previous", "apng clear", "apng blend", "apng previous"])
def film(request, tmp_path: Path) -> Path:
    """A disc that moves over a wall or over nothing, written with each disposal and blending there is."""
    kind, way = request.param.split()
    frames = []
    for index in range(5):
        wall = (30, 90, 160, 255) if way == "over" else (0, 0, 0, 0)
        frame = Image.new("RGBA", (64, 48), wall)
        ImageDraw.Draw(frame).ellipse([4 + 9 * index, 10, 27 + 9 * index, 33], fill=(220, 30 + 40 * index, 40, 255))
        frames.append(frame)
    path = tmp_path / f"film.{kind}"
    more = {"clear": {"disposal": 2 if kind == "gif" else 1}, "previous": {"disposal": 3 if kind == "gif" else 2}}
    options = more.get(way, {"disposal": 0, **({"blend": 1} if way == "blend" else {})})
    codec = {"gif": "GIF", "apng": "PNG"}[kind]
    durations = [100, 40, 70, 230, 20]
    frames[0].save(path, codec, save_all=True, append_images=frames[1:], duration=durations, loop=0, **options)
    return path


@needs_ffmpeg
def test_frames_are_read_as_ffmpeg_shows_them(film):
    photo = open_photo(film, LIMITS)

    assert distance(as_frames(photo), seen(film, photo.size)) < 0.5


@needs_ffmpeg
@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_frames_are_written_as_they_are(film, tmp_path, kind):
    photo = open_photo(film, LIMITS).written_as(FORMATS[kind])
    meant = as_frames(photo)
    save_photo(photo, tmp_path / "out")

    assert distance(meant, seen(tmp_path / "out", photo.size)) < (6 if kind == "GIF" else 0.1)
    assert times(tmp_path / "out") == times(film)


def test_a_webp_has_the_same_frames(film, tmp_path):
    """ffmpeg reads no moving WebP; libwebp's own decoder, which Pillow calls, puts its frames together."""
    photo = open_photo(film, LIMITS).written_as(FORMATS["WebP"])
    meant, motion = as_frames(photo), photo.motion
    save_photo(photo, tmp_path / "out")
    again = open_photo(tmp_path / "out", LIMITS)

    assert distance(meant, as_frames(again)) < 8
    assert motion
    assert again.motion
    assert again.motion.durations == motion.durations


@needs_ffmpeg
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_a_real_animation_comes_back_as_ffmpeg_shows_it(path, tmp_path):
    photo = open_photo(path, LIMITS)
    before = seen(path, photo.size)[-photo.frames :]  # an APNG's picture for those who see no motion is no frame
    assert distance(as_frames(photo), before) < 1

    enhanced = Enhancer(Nearest(), ServerLimits(), LIMITS)(photo, 4)
    save_photo(enhanced.photo, tmp_path / "out")
    after = seen(tmp_path / "out", enhanced.photo.size)

    assert enhanced.photo.frames == photo.frames
    # Identical frames in a row may be one that lasts longer.
    if len(after) == len(before):
        large = before.repeat(4, axis=1).repeat(4, axis=2)
        assert distance(large, after) < 8


@pytest.mark.parametrize("plays", [0, 1, 2, 5])
@pytest.mark.parametrize("source", ["GIF", "PNG", "WebP"])
@pytest.mark.parametrize("target", ["GIF", "PNG", "WebP"])
def test_it_plays_as_often_in_every_kind(tmp_path, paint, plays, source, target):
    frames = [paint(16, 8, seed) for seed in range(3)]
    loop = {} if source == "GIF" and plays == 1 else {"loop": plays - 1 if source == "GIF" and plays else plays}
    path = tmp_path / "in"
    frames[0].save(path, FORMATS[source].codec, save_all=True, append_images=frames[1:], duration=50, **loop)

    save_photo(open_photo(path, LIMITS).written_as(FORMATS[target]), tmp_path / "out")
    content = (tmp_path / "out").read_bytes()

    if target == "GIF":
        at = content.find(b"NETSCAPE2.0\x03\x01")
        assert (at < 0) == (plays == 1)
        assert plays == 1 or int.from_bytes(content[at + 13 : at + 15], "little") == max(0, plays - 1)
    elif target == "PNG":
        assert int.from_bytes(content[content.find(b"acTL") + 8 :][:4], "big") == plays
    else:
        assert int.from_bytes(content[content.find(b"ANIM") + 12 :][:2], "little") == plays


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WebP"])
def test_durations_that_a_kind_cannot_say_do_not_add_up(tmp_path, paint, kind):
    frames = [paint(16, 8, seed) for seed in range(30)]
    path = tmp_path / "in"
    frames[0].save(path, "PNG", save_all=True, append_images=frames[1:], duration=33)

    save_photo(open_photo(path, LIMITS).written_as(FORMATS[kind]), tmp_path / "out")
    motion = open_photo(tmp_path / "out", LIMITS).motion

    assert motion
    assert abs(sum(motion.durations) - 30 * 33) <= (5 if kind == "GIF" else 0)
    if kind != "GIF":
        assert set(motion.durations) == {33}


@needs_ffmpeg
def test_the_edge_of_a_clear_gif_is_where_it_was(tmp_path):
    frames = [Image.new("RGBA", (16, 16)) for _ in range(3)]
    for index, frame in enumerate(frames):
        ImageDraw.Draw(frame).line([5 + index, 0, 5 + index, 15], fill=(250, 0, 0, 255))
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:], disposal=2, duration=100)
    enhanced = Enhancer(Nearest(), ServerLimits(), LIMITS)(open_photo(tmp_path / "in.gif", LIMITS), 4)
    save_photo(enhanced.photo, tmp_path / "out")

    for index, frame in enumerate(seen(tmp_path / "out", (64, 64))):
        row = frame[32, :, 3]
        assert set(row) == {0, 255}
        assert list(np.flatnonzero(row)) == list(range(4 * (5 + index), 4 * (6 + index)))


@needs_ffmpeg
def test_a_film_of_sixty_frames_stays_moving(tmp_path, paint):
    limits = PhotoLimits(animation_pixels=64 * MEGAPIXEL // 10**2)  # a film of a tenth of the sides
    wall = paint(48, 27)
    frames = [wall.copy() for _ in range(60)]
    for index, frame in enumerate(frames):
        ImageDraw.Draw(frame).rectangle([index // 2, 10 + index % 2, index // 2 + 9, 17], fill=(255, 255, 0))
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:], duration=50)

    photo = open_photo(tmp_path / "film.gif", limits)
    enhanced = Enhancer(Nearest(), ServerLimits(), limits)(photo, 4)
    save_photo(enhanced.photo, tmp_path / "out")

    assert (photo.frames, enhanced.scale) == (60, 2)
    after = seen(tmp_path / "out", (96, 54))
    assert 30 <= len(after) <= 60, "equal frames in a row may be one"
    assert times(tmp_path / "out")[-1] == pytest.approx(59 * 50, abs=50)
    for index, at in ((0, 0), (-1, 29)):
        assert after[index, 28, 2 * at + 8, :3].tolist() == pytest.approx([255, 255, 0], abs=24)
