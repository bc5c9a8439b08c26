"""What is predicted of a photo's memory is what real processes then hold: never less, and not much more."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from docs.sample_files import psd
from slackbot.imaging import memory
from slackbot.imaging.formats import FORMATS
from slackbot.imaging.header import Header, read_header
from slackbot.imaging.photo import Facts, plan_result
from slackbot.limits import PhotoLimits
from tests.memory import Watcher
from tests.processes import ROOT

LIMITS = PhotoLimits()
SIDES = (1440, 960)
LARGE, MEDIUM = (4608, 3456), (3840, 2880)  # 16 and 11 megapixels


@dataclass(frozen=True)
class Case:
    """A file of Pillow's kind and mode, and what is asked of it."""

    kind: str
    mode: str = "RGB"
    scale: float = 4
    wanted: str = ""
    way: str = "model"
    frames: int = 1
    size: tuple[int, int] = SIDES
    lossless: bool = False
    grey: bool = False

    def __str__(self) -> str:
        named = (self.kind, self.mode, f"{self.scale:g}x", self.wanted, self.way, "grey" if self.grey else "")
        return "-".join((*filter(None, named), f"{self.frames}x{self.size[0]}"))


EVERYDAY = (
    Case("PNG", "RGBA"),
    Case("PNG", "RGBA", way="bicubic"),
    Case("JPEG"),
    Case("JPEG", way="compare"),
    Case("WEBP"),
    Case("WEBP", "RGBA", scale=2),
    Case("GIF", frames=12, size=(480, 360)),
)
FULL = (
    *(Case(kind, scale=1, size=LARGE) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "JPEG2000", "PSD", "GIF")),
    *(Case(kind, "RGBA", scale=1, size=LARGE) for kind in ("PNG", "WEBP", "AVIF")),
    *(Case(kind, "RGBA", scale=1, size=MEDIUM) for kind in ("TIFF", "PSD")),
    *(Case("TIFF", mode, scale=1, size=MEDIUM) for mode in ("F", "CMYK")),
    *(Case(kind, size=LARGE, way=way) for kind in ("JPEG", "PNG") for way in ("model", "bicubic", "compare")),
    *(Case("PNG", mode, scale=1, size=LARGE) for mode in ("L", "LA", "P", "I;16")),
    *(Case(kind, grey=True) for kind in ("JPEG", "PNG")),
    *(Case("PNG", "RGBA", size=LARGE, way=way) for way in ("model", "bicubic", "compare")),
    *(Case("PNG", "RGBA", wanted=wanted) for wanted in ("JPEG", "WebP")),
    Case("PNG", "RGBA", grey=True, size=LARGE),
    Case("WEBP", lossless=True, size=(960, 960)),
    Case("WEBP", "RGBA", size=(960, 960)),
    *(Case(kind, frames=20, size=(480, 360)) for kind in ("PNG", "WEBP", "GIF")),
    *(Case(kind, "RGBA", frames=20, size=(480, 360)) for kind in ("PNG", "WEBP", "GIF")),
    *(Case(kind, mode, frames=4, size=(1000, 900)) for kind in ("PNG", "WEBP", "GIF") for mode in ("RGB", "RGBA")),
    Case("GIF", frames=40, size=(1200, 1000), scale=1),
)


def drawn(case: Case, seed: int = 0) -> Image.Image:
    """Colours with noise, some of it transparent where the mode can be."""
    noise = Image.effect_noise(case.size, 20)
    ramp = Image.linear_gradient("L").resize(case.size)
    colours = [noise, Image.blend(noise, ramp, 0.5), Image.blend(noise, ramp.rotate(90 * seed), 0.3)]
    image = Image.merge("RGB", [noise] * 3 if case.grey else colours)
    if case.mode == "RGBA":
        image.putalpha(ramp.point([0] * 128 + list(range(0, 256, 2))))
        return image
    if case.mode in ("I;16", "F"):
        deep = noise.convert("F").point(lambda value: value * 200 + 9)
        return deep if case.mode == "F" else deep.convert("I").convert("I;16")
    return image.quantize(64) if case.mode == "P" else image.convert(case.mode)


def written(case: Case) -> bytes:
    first, *rest = (drawn(case, seed) for seed in range(case.frames))
    if case.kind == "PSD":
        return psd(first, layers=-1 if case.mode == "RGBA" else 1)
    file = io.BytesIO()
    options = {"save_all": True, "append_images": rest, "duration": 50} if rest else {}
    options |= {"lossless": True, "method": 0, "quality": 0} if case.lossless else {}
    first.save(file, case.kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("case", EVERYDAY + (FULL if os.environ.get("RELIABILITY") == "full" else ()), ids=str)
def test_no_photo_takes_more_than_was_predicted_or_less_than_half(case, tmp_path):
    file, target = tmp_path / "0.photo", tmp_path / "result"
    file.write_bytes(written(case))
    arguments = (file, target, case.scale, case.wanted, case.way)
    command = [sys.executable, "-m", "tests.slackbot.imaging.one_photo", *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        watcher = Watcher(process.pid)
        with watcher.watching():
            process.stdin.write("go\n")
            process.stdin.flush()
            predicted = int(process.stdout.readline())
    taken = watcher.most - watcher.at_rest

    assert taken <= predicted <= 2 * taken + memory.ALWAYS, f"{taken / 2**20:.0f} MB, not {predicted / 2**20:.0f}"


@pytest.fixture
def header_of(tmp_path) -> Callable[..., Header]:
    def read(content: bytes, limits: PhotoLimits = LIMITS) -> Header:
        path = tmp_path / "0.photo"
        path.write_bytes(content)
        return read_header(path, limits)

    return read


@pytest.mark.parametrize(
    ("case", "frames", "alpha", "written_as"),
    [
        (Case("JPEG", size=(60, 40)), 1, False, "JPEG"),
        (Case("PNG", "RGBA", size=(60, 40)), 1, True, "PNG"),
        (Case("GIF", size=(60, 40)), 1, False, "PNG"),
        (Case("GIF", frames=7, size=(60, 40)), 7, False, "GIF"),
        (Case("PNG", frames=5, size=(60, 40)), 5, False, "PNG"),
        (Case("WEBP", "RGBA", frames=3, size=(60, 40)), 3, True, "WebP"),
        (Case("AVIF", "RGBA", size=(60, 40)), 1, True, "PNG"),
        (Case("BMP", size=(60, 40)), 1, False, "PNG"),
    ],
    ids=str,
)
def test_a_header_tells_what_opening_then_shows(header_of, photo_of, case, frames, alpha, written_as):
    content = written(case)
    header, photo = header_of(content), photo_of(content)

    assert header.facts == Facts((60, 40), FORMATS[written_as], frames, alpha, grey=header.facts.grey)
    assert replace(header.facts, grey=photo.grey) == photo.facts
    assert header.pixels == frames * 60 * 40


def test_an_animation_of_too_many_frames_is_read_to_the_limit_and_is_one_picture(header_of):
    content = written(Case("GIF", frames=9, size=(60, 40)))
    few = header_of(content, replace(LIMITS, frames=4))

    assert (few.facts.frames, few.facts.format.name, few.pixels) == (1, "PNG", 4 * 60 * 40)


sizes = st.tuples(st.integers(1, 8000), st.integers(1, 8000))
facts = st.builds(
    Facts,
    size=sizes,
    format=st.sampled_from([FORMATS[name] for name in ("JPEG", "PNG", "WebP", "TIFF")]),
    alpha=st.booleans(),
    lossless=st.booleans(),
)


@given(facts=facts, budget=st.integers(memory.ALWAYS, 2**31), wanted=st.sampled_from([2, 4]))
def test_the_largest_scale_that_fits_does_and_is_no_larger_than_wanted(facts, budget, wanted):
    scale = memory.largest_scale(facts, wanted, LIMITS, budget)
    if scale is None:
        assert memory.enlarging(facts, plan_result(facts, 1, LIMITS), LIMITS) > budget
    else:
        assert 1 <= scale <= wanted
        assert memory.enlarging(facts, plan_result(facts, scale, LIMITS), LIMITS) <= budget
    assert memory.largest_scale(facts, wanted, LIMITS, 2**40) == plan_result(facts, wanted, LIMITS).scale


def test_an_animation_gets_a_whole_scale():
    moving = Facts((480, 360), FORMATS["GIF"], frames=20)
    whole = memory.enlarging(moving, plan_result(moving, 4, LIMITS), LIMITS)

    assert memory.largest_scale(moving, 4, LIMITS, whole) == 4
    assert memory.largest_scale(moving, 4, LIMITS, whole - 1) == 3


def test_the_sandbox_has_a_limit_of_its_own():
    large = Facts((8000, 8000), FORMATS["WebP"])
    header = Header(large, FORMATS["WebP"], "RGB", 64_000_000, 50 * 2**20)

    assert memory.opening(header, LIMITS) == memory.ALWAYS + 4 * 64_000_000 + LIMITS.decode_memory_bytes


def test_frames_of_a_gif_are_counted_to_the_end_of_a_cut_file(header_of):
    content = written(Case("GIF", frames=5, size=(60, 40)))
    assert header_of(content).facts.frames == 5
    assert 1 <= header_of(content[: len(content) * 2 // 3]).facts.frames < 5
