"""Weights between two generators: truer towards one, more lifelike towards the other (ESRGAN, arXiv:1809.00219).

Of use when the second was trained on from the first; what one alone adds as grain mostly cancels out.

usage: python training/interpolate.py TRUER LIFELIKE --share 0.4 --out FILE
"""

import argparse
import sys
from pathlib import Path

import torch

if __package__ in (None, ""):  # run as a script: the project, not this folder, is where imports start
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from training.generator import Generator, WeightsError, load_weights, save_weights


def interpolate(one: Generator, other: Generator, share: float) -> Generator:
    """The generator whose every weight lies `share` (0 to 1) of the way from `one` to `other`.

    Raises WeightsError where their shapes differ.
    """
    if one.shape != other.shape:
        raise WeightsError(f"cannot interpolate between {one.shape} and {other.shape}")
    between = Generator(one.shape)
    end = other.state_dict()
    between.load_state_dict({name: torch.lerp(value, end[name], share) for name, value in one.state_dict().items()})
    return between.eval()


def main() -> None:
    parser = argparse.ArgumentParser(prog="interpolate.py", description="Weights between two generators.")
    parser.add_argument("one", type=Path, help="weights of a share of 0")
    parser.add_argument("other", type=Path, help="weights of a share of 1")
    parser.add_argument("--share", type=float, default=0.5, help="default: %(default)s")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    try:
        between = interpolate(load_weights(options.one), load_weights(options.other), options.share)
    except WeightsError as error:
        sys.exit(f"interpolate.py: {error}")
    save_weights(between, options.out, share=str(options.share))


if __name__ == "__main__":
    main()
