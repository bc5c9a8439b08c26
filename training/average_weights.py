"""Average generators that were trained on from one start: truer, or more lifelike, or better than each of them.

What each alone adds as grain mostly cancels out (ESRGAN, arXiv:1809.00219; model soups, arXiv:2203.05482). A share may
be negative: `NEW=0.3 OLD=-0.3` adds 0.3 of the way from OLD to NEW to the others.

usage: python training/average_weights.py WEIGHTS=SHARE [WEIGHTS=SHARE ...] --out FILE
"""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.generator import Generator


def average(generators: Sequence[Generator], shares: Sequence[float]) -> Generator:
    """The generator whose every weight is the sum of the others' times their shares, which together are 1.

    Raises WeightsError where the shapes differ, or the shares are not 1.
    """
    import torch

    from training.generator import WeightsError, make_generator

    shapes = {generator.shape for generator in generators}
    if len(shapes) != 1:
        raise WeightsError(f"cannot average generators of different shapes: {', '.join(map(str, shapes))}")
    if not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise WeightsError(f"the shares are {sum(shares):g} in all, not 1")
    mean = make_generator(shapes.pop())
    states = [generator.state_dict() for generator in generators]
    mean.load_state_dict(
        {
            name: torch.stack([share * state[name] for share, state in zip(shares, states, strict=True)]).sum(0)
            for name in states[0]
        }
    )
    return mean.eval()


def _part(text: str) -> tuple[Path, float]:
    name, equals, share = text.rpartition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text}: write WEIGHTS=SHARE")
    try:
        return Path(name), float(share)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{share} is no number") from None


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="average_weights.py", description="Average generators that were trained on from one start."
    )
    parser.add_argument("parts", type=_part, nargs="+", metavar="WEIGHTS=SHARE", help="the shares are 1 in all")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    from training.generator import WeightsError, load_weights, save_weights

    files, shares = zip(*options.parts, strict=True)
    try:
        mean = average([load_weights(file) for file in files], shares)
    except WeightsError as error:
        sys.exit(f"average_weights.py: {error}")
    save_weights(mean, options.out, shares=" ".join(f"{share:g}" for share in shares))


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(
            f"average_weights.py: {error.name} is not installed: run `make .venv/train`, then use .venv/bin/python"
        )
