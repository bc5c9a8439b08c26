"""Tiles of fitted sides cover the photo, and their joints are where the table says."""

import numpy as np
import pytest

from benchmarks.tiles import computed, in_tiles, sides


@pytest.mark.parametrize("fitted", [False, True])
def test_a_graph_without_reach_gives_the_whole(fitted: bool):
    photo = np.random.default_rng(0).integers(0, 256, (70, 100, 3), np.uint8)
    whole = photo.repeat(4, axis=0).repeat(4, axis=1)
    seen: list[tuple[int, ...]] = []

    def run(tile: np.ndarray) -> np.ndarray:
        seen.append(tile.shape)
        return tile.repeat(4, axis=0).repeat(4, axis=1)

    np.testing.assert_array_equal(in_tiles(photo, run, 48, 8, fitted), whole)
    assert len(set(seen)) == 1
    count, factor = computed((100, 70), 48, 8, fitted)
    assert count == len(seen)
    assert factor == pytest.approx(sum(height * width for height, width, _ in seen) / 7000)


def test_fitting_saves_work():
    assert sides((1024, 768), 512, 32, fitted=True) == (368, 400)
    assert computed((1024, 768), 512, 32, fitted=True)[1] < 0.6 * computed((1024, 768), 512, 32, fitted=False)[1]
