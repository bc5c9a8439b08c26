"""The sheet to look at, run as a person types it."""

import sys

import numpy as np
import pytest
from PIL import Image

from training import compare
from training.inference import bicubic
from training.reporting import CAPTION, SHOWN


@pytest.fixture
def folder(photos, tmp_path):
    for i, photo in enumerate(photos):
        Image.fromarray(photo).save(tmp_path / f"{i}.png")
    return tmp_path


def sheet(folder, monkeypatch, *options: str) -> np.ndarray:
    out = folder / "out" / "sheet.png"
    monkeypatch.setattr(sys, "argv", ["compare.py", "--photos", str(folder), "--out", str(out), *options])
    compare.main()
    with Image.open(out) as image:
        return np.asarray(image)


def test_a_row_for_each_photo_and_its_truth_at_the_right(folder, photos, monkeypatch):
    shown = sheet(folder, monkeypatch, "--degradation", "clean")
    assert shown.shape == (CAPTION + len(photos) * SHOWN, 3 * SHOWN, 3)
    np.testing.assert_array_equal(shown[CAPTION : CAPTION + SHOWN, -SHOWN:], compare.busiest(photos[0], SHOWN))


def test_as_they_are_photos_are_enhanced_themselves(folder, photos, monkeypatch):
    shown = sheet(folder, monkeypatch, "--as-they-are", "--rows", "1")
    assert shown.shape == (CAPTION + SHOWN, 2 * SHOWN, 3)
    left = bicubic(compare.busiest(photos[0], SHOWN // 4))
    np.testing.assert_array_equal(shown[CAPTION:, :SHOWN], left)


def test_the_busiest_place_is_shown():
    photo = np.zeros((100, 100, 3), np.uint8)
    photo[50:100, 50:100:2] = 255
    assert compare.busiest(photo, 50)[:, ::2].all()
    assert compare.busiest(photo, 200).shape == photo.shape


def test_what_cannot_be_shown_is_named(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match=r"compare\.py: no photos in"):
        sheet(tmp_path, monkeypatch)
