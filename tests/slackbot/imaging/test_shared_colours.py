"""Photos that people shared, whose colours were once wrong, as a reference, zimg and littleCMS show them."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from slackbot.imaging.colour_profile import profile
from slackbot.imaging.formats import FORMATS
from tests.other_decoders import needs_ffmpeg
from tests.slackbot.imaging.colours_elsewhere import P3, SIDE, SRGB, by_ffmpeg, middles

CASES = Path(__file__).resolve().parents[4] / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the files that people shared lie beside the project")


def test_a_shared_gamma_is_as_its_reference_shows(photo_of):
    seen, right = (
        np.asarray(photo_of((CASES / f"kodim03_grayscale_gamma1.6{name}.png").read_bytes()).image).astype(int)
        for name in ("", "-reference")
    )
    assert np.abs(seen - right).max() <= 1


@needs_ffmpeg
def test_a_shared_hdr_photo_is_as_zimg_shows_it(photo_of):
    content = (CASES / "cicp_pq.png").read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        raw = image.convert("RGB")
    raw = raw.crop((0, 0, raw.width // SIDE * SIDE, raw.height))

    seen = middles(np.asarray(photo_of(content).image)[:, : raw.width])

    assert np.abs(seen - by_ffmpeg(raw, "bt2020", "smpte2084")).max() <= 4


def test_a_shared_p3_photo_keeps_its_colours(photo_of, written):
    photo = photo_of((CASES / "p3nclx.heic").read_bytes())
    numbers = photo.image.copy()

    result = written(replace(photo, format=FORMATS["PNG"]))

    right = ImageCms.profileToProfile(numbers, ImageCms.ImageCmsProfile(io.BytesIO(profile(P3))), SRGB)
    assert right
    seen = ImageCms.profileToProfile(result, ImageCms.ImageCmsProfile(io.BytesIO(result.info["icc_profile"])), SRGB)
    assert seen
    assert np.abs(np.asarray(seen).astype(int) - np.asarray(right)).max() == 0
    assert np.abs(np.asarray(seen).astype(int) - np.asarray(numbers)).max() > 10
