"""How a photo travels in tiles: a pure plan of where each tile lies and which of its pixels are kept.

All tiles of one photo have one shape, because Triton batches only requests of equal shape: no larger than a limit, and
with which the server is done first. They spread evenly from edge to edge and are never padded: the graph itself pads
with zeros at the photo's border, so a tile flush with the border computes there what the whole photo would. Every pixel
is kept from the tile in which it lies deepest: neighbours are cut at the middle of their overlap.
"""

from dataclasses import dataclass
from itertools import pairwise, product

STEP = 8  # a server prepares itself for each shape it meets, so there should be few of them
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
    """Cover `length` pixels with the fewest tiles that overlap by at least `overlap`, in which `tile` is larger."""
    if length < 1 or tile < 1 or overlap < 0 or (length > tile and overlap >= tile):
        raise ValueError(f"cannot cover {length} pixels with tiles of {tile} and overlap {overlap}")
    if length <= tile:
        return [Span(0, length, 0, length)]
    count = 1 + -(-(length - tile) // (tile - overlap))
    starts = [index * (length - tile) // (count - 1) for index in range(count)]
    cuts = [0, *((left + tile + right) // 2 for left, right in pairwise(starts)), length]
    return [
        Span(start, start + tile, before, after) for start, (before, after) in zip(starts, pairwise(cuts), strict=True)
    ]


def fitted(length: int, count: int, overlap: int) -> int:
    """The least side, in steps of STEP, with which `count` tiles cover `length` pixels."""
    least = -(-(length + (count - 1) * overlap) // count)
    return -(-least // STEP) * STEP


def sides(size: tuple[int, int], tile: int, overlap: int, at_once: int) -> tuple[int, int]:
    """Width and height, at most `tile`, of the tiles with which a photo of this size is done first.

    A server computes `at_once` tiles at a time, so a grid takes as long as the pixels of that many tiles' rounds: what
    tiles overlap by counts twice, and the empty places of the last round count too. Of grids that take equally long it
    is the one with the fewest tiles. A photo that fits into one tile is one, whose pixels count once.
    """
    if max(size) <= tile:
        return size

    def choices(length: int) -> list[int]:
        fewest = len(spans(length, tile, overlap))
        if fewest == 1:
            return [length]
        return [min(tile, fitted(length, count, overlap)) for count in range(fewest, fewest + at_once)]

    def cost(grid: tuple[int, int]) -> tuple[int, int]:
        count = len(spans(size[0], grid[0], overlap)) * len(spans(size[1], grid[1], overlap))
        return -(-count // at_once) * grid[0] * grid[1], count

    return min(product(choices(size[0]), choices(size[1])), key=cost)


def plan(width: int, height: int, tile: int, overlap: int, at_once: int = 1) -> list[Tile]:
    """All tiles of a photo, row by row, of at most `tile` pixels a side, for a server that computes `at_once`."""
    across, down = sides((width, height), tile, overlap, at_once)
    columns = spans(width, across, overlap)
    return [
        Tile(
            box=(column.start, row.start, column.stop, row.stop),
            kept=(column.keep_start, row.keep_start, column.keep_stop, row.keep_stop),
        )
        for row in spans(height, down, overlap)
        for column in columns
    ]


def scaled(box: Box, scale: int) -> Box:
    """The same box in a picture `scale` times as wide and high."""
    left, upper, right, lower = box
    return (left * scale, upper * scale, right * scale, lower * scale)


def fitted_box(box: Box, before: tuple[int, int], after: tuple[int, int]) -> Box:
    """The same box in a picture of another size, at whole pixels: boxes that touch still touch."""
    left, upper, right, lower = box
    across, down = (
        lambda at, whole=whole, result=result: (2 * at * result + whole) // (2 * whole)
        for whole, result in zip(before, after, strict=True)
    )
    return (across(left), down(upper), across(right), down(lower))
