"""An enlarged picture, put together tile by tile."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context

import numpy as np
from PIL import Image

from slackbot.inference.errors import SERVER_TOO_SLOW, ServerSlow
from slackbot.inference.tiling import Box, Tile, fitted_box, plan, scaled
from slackbot.limits import ServerLimits

MODEL_SCALE = 4
_POLL_SECONDS = 0.5  # seconds without a tile, after which `progress` may say that it is enough
Progress = Callable[[int, int], None]  # tiles done, tiles in all; what it raises ends the work
Enlarge = Callable[[np.ndarray], np.ndarray]  # UINT8 [H, W, 3] -> [4H, 4W, 3]


def enlarge(
    image: Image.Image, size: tuple[int, int], run: Enlarge, limits: ServerLimits, ends: float, progress: Progress
) -> Image.Image:
    """Enlarge an RGB image to `size`: by 4, or by less as the reduced result of 4.

    Raises ServerSlow where it is not done at `ends`, a value of time.monotonic().

    A few tiles are under way at a time, so that the server can batch them, and each goes into the result as it comes:
    beside the result there are never more than those few in memory. What `run` raises is raised here.
    """
    tiles = plan(*image.size, limits.tile, limits.overlap, limits.tiles_at_once)
    waiting = iter(tiles)
    pool = ThreadPoolExecutor(limits.tiles_in_flight, thread_name_prefix="tile")
    under_way: dict[Future[np.ndarray], Tile] = {}

    def send() -> None:
        tile = next(waiting, None)
        if tile:
            # With the context, so that a tile's span belongs to its photo's.
            work = copy_context().run
            under_way[pool.submit(work, run, np.asarray(image.crop(tile.box)))] = tile

    try:
        for _ in range(limits.tiles_in_flight):
            send()
        # Only now, and without a colour: to touch all of its memory takes as long as a tile's way to the server.
        result = Image.new("RGB", size, None)
        done = 0
        while under_way:
            if time.monotonic() > ends:
                raise ServerSlow(SERVER_TOO_SLOW)
            ended = wait(under_way, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED).done
            if not ended:
                progress(done, len(tiles))
            for future in ended:
                tile, enlarged = under_way.pop(future), future.result()
                send()  # first, since an instance of the server may be waiting
                box = fitted_box(tile.kept, image.size, size)
                result.paste(_kept(enlarged, tile, box, image.size, size), box[:2])
                done += 1
                progress(done, len(tiles))
    finally:
        # Tiles under way after a failure end at their own deadline; nobody waits for them.
        pool.shutdown(wait=False, cancel_futures=True)
    return result


def _kept(enlarged: np.ndarray, tile: Tile, box: Box, before: tuple[int, int], after: tuple[int, int]) -> Image.Image:
    """The pixels of an enlarged tile that fill `box` of the result."""
    picture = Image.fromarray(enlarged)
    if after == (before[0] * MODEL_SCALE, before[1] * MODEL_SCALE):
        return picture.crop(scaled(tile.kept_inside, MODEL_SCALE))
    # Pillow's filter reaches outside the box into the overlap, so the tiles fit together without a seam.
    across, down = (MODEL_SCALE * whole / result for whole, result in zip(before, after, strict=True))
    left, upper = tile.box[0] * MODEL_SCALE, tile.box[1] * MODEL_SCALE
    source = (box[0] * across - left, box[1] * down - upper, box[2] * across - left, box[3] * down - upper)
    inside = (max(0, source[0]), max(0, source[1]), min(picture.width, source[2]), min(picture.height, source[3]))
    return picture.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.LANCZOS, box=inside)
