"""Photos and names for tests of training: real ones, from a package's sample data."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from training.degradation import Photo


@pytest.fixture(scope="session")
def photos() -> list[Photo]:
    """Real photographs of 300 px and more, uint8 (H, W, 3)."""
    return [np.ascontiguousarray(photo) for photo in (skimage.data.astronaut(), skimage.data.chelsea())]


@pytest.fixture
def folder(photos: list[Photo], tmp_path: Path) -> Path:
    """The same, as files."""
    (tmp_path / "photos").mkdir()
    for i, photo in enumerate(photos):
        Image.fromarray(photo).save(tmp_path / "photos" / f"{i}.png")
    return tmp_path / "photos"


@pytest.fixture(autouse=True)
def one_thread(monkeypatch) -> None:
    """Tests, and what they start, stay out of each other's way, and sums have one order."""
    torch.set_num_threads(1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
