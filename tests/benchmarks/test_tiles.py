"""Tiles cover the photo as the bot's do, and the seams are where a graph that sees beyond its pixel shows them."""

import numpy as np
import pytest

from benchmarks.tiles import OVERLAPS, STRIP, computed, in_tiles, seams


def test_a_graph_without_reach_gives_the_whole():
    photo = np.random.default_rng(0).integers(0, 256, (70, 100, 3), np.uint8)
    whole = enlarged(photo)
    seen: list[tuple[int, ...]] = []

    def run(tile: np.ndarray) -> np.ndarray:
        seen.append(tile.shape)
        return enlarged(tile)

    np.testing.assert_array_equal(in_tiles(photo, run, 48, 8, 2), whole)
    assert len(set(seen)) == 1
    count, factor = computed((100, 70), 48, 8, 2)
    assert count == len(seen)
    assert factor == pytest.approx(sum(height * width for height, width, _ in seen) / 7000)


def test_seams_show_up_to_the_overlap_that_hides_them():
    reach = 9

    def run(tile: np.ndarray) -> np.ndarray:
        padded = np.pad(tile, ((0, 0), (reach, reach), (0, 0)))
        return enlarged(np.maximum(padded[:, : -2 * reach], padded[:, 2 * reach :]))

    photos = [np.random.default_rng(0).integers(0, 256, (*STRIP[::-1], 3), np.uint8)]
    found = seams(photos, run)

    assert [seam.overlap for seam in found if seam.seen] == [o for o in OVERLAPS if o < 2 * reach]
    assert {seam.largest for seam in found if not seam.seen} == {0}


def enlarged(photo: np.ndarray) -> np.ndarray:
    return photo.repeat(4, axis=0).repeat(4, axis=1)
