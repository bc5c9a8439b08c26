"""What `compare.py` needs: the stages that it compares, how long each may take, and the table of results."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from training import SCALE
from training.degradation import Photo
from training.stage import Stage
from training.validation import validation

JUDGED = 512
"""Side of the middle of a held-out photo that results are judged on, px."""


def losses(perceptual: float) -> dict[str, Stage]:
    """The second stage with each weight left out or made heavier; `perceptual` suits the networks that look."""
    whole = Stage(batch_size=8, perceptual_weight=perceptual)
    weights = {"perceptual": perceptual, "adversarial": whole.adversarial_weight}
    names = ("low_frequency", "grid", *weights)
    return {
        "pixel alone": replace(whole, **{f"{name}_weight": 0 for name in names}),
        "all": whole,
        **{f"without {name}": replace(whole, **{f"{name}_weight": 0}) for name in names},
        **{f"{name} x 3": replace(whole, **{f"{name}_weight": 3 * weight}) for name, weight in weights.items()},
    }


@dataclass(frozen=True)
class Row:
    """What came of one candidate."""

    name: str
    parameters: int
    steps: int
    """that fitted into the time"""
    psnr: float
    """dB on luma, `shared` degradation, held-out photos"""
    distance: float
    """LPIPS with AlexNet, likewise"""


def middles(photos: list[Photo]) -> list[tuple[Photo, Photo]]:
    """(small, truth) of each photo's middle under the `shared` degradation."""
    pairs = []
    for i, photo in enumerate(photos):
        height, width = (min(length, JUDGED) // SCALE * SCALE for length in photo.shape[:2])
        top, left = (photo.shape[0] - height) // 2, (photo.shape[1] - width) // 2
        truth = photo[top : top + height, left : left + width]
        pairs.append((validation(truth, "shared", f"experiment/{i}"), truth))
    return pairs


def steps_in(
    seconds: float, run: Callable[[int], object], trial: int = 12, clock: Callable[[], float] = time.process_time
) -> int:
    """How many steps fit into so much of this process's CPU time, from a trial."""
    run(1)  # compiles
    begun = clock()
    run(2)
    ready = clock()  # what is built once takes as long in both
    run(2 + trial)
    return max(1, round(seconds * trial / (clock() - ready - (ready - begun))))


def page(what: str, rows: list[Row], seconds: float) -> str:
    """Markdown, with a table of the rows."""
    lines = [
        f"# Comparison of {what}",
        "",
        f"Each was trained for {seconds:.0f} s of one core, and measured on the middles of the held-out photos "
        "(`shared` degradation). PSNR-Y: higher is better. LPIPS: lower is better.",
        "",
        "| | parameters | steps | PSNR-Y (dB) | LPIPS |",
        "|---|---|---|---|---|",
        *(f"| {r.name} | {r.parameters / 1e6:.2f} M | {r.steps:,} | {r.psnr:.2f} | {r.distance:.3f} |" for r in rows),
    ]
    return "\n".join(lines) + "\n"
