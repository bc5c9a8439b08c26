"""The plan of tiles, for any length."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slackbot.inference.tiling import STEP, fitted, plan, scaled, sides, spans

lengths = st.integers(1, 3000)
tilings = st.integers(2, 300).flatmap(lambda tile: st.tuples(st.just(tile), st.integers(0, tile - 1)))


@given(lengths, tilings)
def test_spans_cover_each_pixel_once_and_keep_the_deepest(length, tiling):
    tile, overlap = tiling
    row = spans(length, tile, overlap)

    assert [pixel for span in row for pixel in range(span.keep_start, span.keep_stop)] == list(range(length))
    assert {span.stop - span.start for span in row} == {min(tile, length)}
    assert (row[0].start, row[-1].stop) == (0, length)
    for left, right in pairwise(row):
        assert left.stop - right.start >= overlap
        assert left.stop - left.keep_stop >= overlap // 2
        assert right.keep_start - right.start >= overlap // 2


@given(lengths, tilings)
def test_spans_are_spread_evenly_and_as_few_as_can_be(length, tiling):
    tile, overlap = tiling
    row = spans(length, tile, overlap)

    steps = {right.start - left.start for left, right in pairwise(row)}
    assert not steps or max(steps) - min(steps) <= 1
    assert len(row) == 1 or tile + (len(row) - 2) * (tile - overlap) < length


@given(lengths, st.integers(1, 9), st.integers(0, 299))
def test_fitted_sides_are_the_least_for_their_number(length, count, overlap):
    side = fitted(length, count, overlap)

    assert side % STEP == 0
    assert count * side - (count - 1) * overlap >= length
    assert count * (side - STEP) - (count - 1) * overlap < length


@given(lengths, lengths, tilings, st.integers(1, 4))
def test_no_grid_of_the_fewest_tiles_is_done_sooner(width, height, tiling, at_once):
    tile, overlap = tiling
    across, down = sides((width, height), tile, overlap, at_once)
    fewest = len(spans(width, tile, overlap)) * len(spans(height, tile, overlap))
    count = len(spans(width, across, overlap)) * len(spans(height, down, overlap))

    assert max(across, down) <= tile
    assert rounds(count, at_once) * across * down <= rounds(fewest, at_once) * min(tile, width) * min(tile, height)


def rounds(count, at_once):
    return -(-count // at_once)


@pytest.mark.parametrize(
    ("size", "at_once", "grid"),
    [
        ((1024, 768), 2, (360, 400)),  # three by two: three rounds for two
        ((1200, 400), 1, (416, 400)),  # three
        ((1200, 400), 2, (320, 400)),  # four, since one would be left to the second round
        ((416, 90), 2, (416, 90)),  # what fits into one tile is not computed twice
    ],
)
def test_tiles_come_out_even(size, at_once, grid):
    assert sides(size, 416, 24, at_once) == grid


@given(st.integers(1, 400), st.integers(1, 400), tilings, st.integers(1, 3))
def test_a_plan_puts_a_picture_together_again(width, height, tiling, at_once):
    picture = np.arange(width * height).reshape(height, width)
    result = np.full_like(picture, -1)
    for tile in plan(width, height, *tiling, at_once=at_once):
        left, upper, right, lower = tile.box
        inside = tile.kept_inside
        kept = picture[upper:lower, left:right][inside[1] : inside[3], inside[0] : inside[2]]
        result[tile.kept[1] : tile.kept[3], tile.kept[0] : tile.kept[2]] = kept

    assert (result == picture).all()


@pytest.mark.parametrize(("length", "tile", "overlap"), [(0, 10, 2), (11, 10, 10), (10, 4, -1), (4, 0, 0)])
def test_what_cannot_be_covered_is_refused(length, tile, overlap):
    with pytest.raises(ValueError, match="cannot cover"):
        spans(length, tile, overlap)


def test_a_box_is_scaled():
    assert scaled((1, 2, 3, 4), 4) == (4, 8, 12, 16)
