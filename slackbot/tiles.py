"""How a photo travels in tiles: a pure plan of where each tile lies and which of its pixels are kept.

All tiles of one photo have one shape, because Triton batches only requests of equal shape: no larger than a limit, and
no larger than their number needs, since what tiles overlap by is computed twice. They spread evenly from edge to edge
and are never padded: the graph itself pads with zeros at the photo's border, so a tile flush with the border computes
there what the whole photo would. Every pixel is kept from the tile in which it lies deepest: neighbours are cut at the
middle of their overlap.
"""

from dataclasses import dataclass
from itertools import pairwise

STEP = 16  # a server prepares itself for each shape it meets, so there should be few of them
Box = tuple[int, int, int, int]  # left, upper, right, lower; pixels, as in Pillow


@dataclass(frozen=True)
class Span:
    """One tile along one axis: it covers [start, stop) and keeps [keep_start, keep_stop). Pixels of the photo."""

    start: int
    stop: int
    keep_start: int
    keep_stop: int


@dataclass(frozen=True)
class Tile:
    """One tile of the plan, in pixels of the photo: `box` travels, `kept` goes into the result."""

    box: Box
    kept: Box

    @property
    def kept_inside(self) -> Box:
        """The kept pixels, counted from the tile's own corner."""
        left, upper, _, _ = self.box
        return (self.kept[0] - left, self.kept[1] - upper, self.kept[2] - left, self.kept[3] - upper)


def spans(length: int, tile: int, overlap: int) -> list[Span]:
    """Cover `length` pixels with the fewest tiles that overlap by at least `overlap`; 0 <= overlap < tile."""
    if length < 1 or not 0 <= overlap < tile:
        raise ValueError(f"cannot cover {length} pixels with tiles of {tile} and overlap {overlap}")
    if length <= tile:
        return [Span(0, length, 0, length)]
    count = 1 + -(-(length - tile) // (tile - overlap))
    starts = [index * (length - tile) // (count - 1) for index in range(count)]
    cuts = [0, *((left + tile + right) // 2 for left, right in pairwise(starts)), length]
    return [
        Span(start, start + tile, before, after) for start, (before, after) in zip(starts, pairwise(cuts), strict=True)
    ]


def fitted(length: int, tile: int, overlap: int) -> int:
    """The least side, in steps of STEP, of tiles that cover `length` with no more of them than sides of `tile` need."""
    count = len(spans(length, tile, overlap))
    least = -(-(length + (count - 1) * overlap) // count)
    return tile if count == 1 else min(tile, -(-least // STEP) * STEP)


def plan(width: int, height: int, tile: int, overlap: int) -> list[Tile]:
    """All tiles of a photo, row by row."""
    columns = spans(width, fitted(width, tile, overlap), overlap)
    return [
        Tile(
            box=(column.start, row.start, column.stop, row.stop),
            kept=(column.keep_start, row.keep_start, column.keep_stop, row.keep_stop),
        )
        for row in spans(height, fitted(height, tile, overlap), overlap)
        for column in columns
    ]


def scaled(box: Box, scale: int) -> Box:
    """The same box in a picture `scale` times as wide and high."""
    left, upper, right, lower = box
    return (left * scale, upper * scale, right * scale, lower * scale)
