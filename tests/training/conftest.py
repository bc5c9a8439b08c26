"""Photos and names for tests of training: real ones, from a package's sample data."""

import numpy as np
import pytest
import skimage.data
import torch

from training.degradation import Photo


@pytest.fixture(scope="session")
def photos() -> list[Photo]:
    """Real photographs of 300 px and more, uint8 (H, W, 3)."""
    return [np.ascontiguousarray(photo) for photo in (skimage.data.astronaut(), skimage.data.chelsea())]


@pytest.fixture(autouse=True)
def one_thread(monkeypatch) -> None:
    """Tests, and what they start, stay out of each other's way, and sums have one order."""
    torch.set_num_threads(1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
