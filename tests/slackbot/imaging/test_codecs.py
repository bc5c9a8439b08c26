"""What a process of the sandbox loads by itself, it loads for every photo again: 5 to 30 ms for Pillow's codecs."""

import sys
from pathlib import Path

import pytest
from PIL import Image

from slackbot.imaging.decode import open_photo
from slackbot.imaging.errors import PhotoTooLarge
from slackbot.imaging.sandbox import open_sandboxed
from slackbot.limits import PhotoLimits


def tell_what_it_loads(path: Path, limits: PhotoLimits) -> None:
    before = set(sys.modules)
    open_photo(path, limits)
    raise PhotoTooLarge(" ".join(sorted(set(sys.modules) - before)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WebP", "AVIF", "BMP", "TIFF", "JPEG2000", "HEIF"])
def test_a_process_of_the_sandbox_loads_nothing(kind, tmp_path):
    import pillow_heif

    pillow_heif.register_heif_opener()
    path = tmp_path / "0.photo"
    Image.effect_mandelbrot((60, 40), (-2, -1, 1, 1), 20).convert("RGB").save(path, kind)
    with pytest.raises(PhotoTooLarge) as loaded:
        open_sandboxed(path, PhotoLimits(), tell_what_it_loads)  # pyright: ignore[reportArgumentType]
    assert not str(loaded.value)
