"""Measure weights, or an exported graph, against bicubic: PSNR, SSIM, perceptual distances, detail, grid and speed.

usage: python training/evaluate.py --photos FOLDER [--held-out] [--weights FILE ... | --onnx FILE]
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn


def arguments() -> argparse.ArgumentParser:
    from training.defaults import JUDGES, KINDS, SIDE, WEIGHTS

    parser = argparse.ArgumentParser(
        prog="evaluate.py", description="Measure weights or an exported graph against bicubic."
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--weights", type=Path, nargs="+", default=[WEIGHTS], help="safetensors (default: the project's)"
    )
    which.add_argument("--onnx", type=Path, help="an exported graph instead")
    parser.add_argument(
        "--photos",
        type=Path,
        required=True,
        help="ground truth, which training did not see; each folder in it that holds photos is a set",
    )
    parser.add_argument(
        "--side", type=int, default=SIDE, help="only the middle of larger photos, px, at most so wide and high: "
        "judges take 1 GB for each megapixel (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--held-out", action="store_true", help="only the photos of --photos that training holds out")
    parser.add_argument(
        "--degradation", nargs="+", choices=KINDS, default=list(KINDS), help="what is enhanced (default: all three)"
    )
    parser.add_argument(
        "--judge", nargs="+", default=list(JUDGES), metavar="NETWORK",
        help="lpips, dists, or a feature network as train.py's --perceptual has them (default: lpips dists)",
    )  # fmt: skip
    return parser


def main() -> None:
    options = arguments().parse_args()
    from training.dataset import PhotosError
    from training.evaluation import header, judge, named_enhancers, rows, truths
    from training.generator import WeightsError
    from training.inference import bicubic
    from training.perceptual import FeaturesError

    try:
        judges = [judge(name) for name in options.judge]
        enhancers = {"bicubic": bicubic, **named_enhancers(options.onnx, options.weights)}
        sets = truths(options.photos, options.held_out, options.side)
    except (FeaturesError, PhotosError, WeightsError) as error:
        sys.exit(f"evaluate.py: {error}")
    print(header(options.judge), flush=True)
    for kind in options.degradation:
        for line in rows(sets, kind, enhancers, judges):
            print(line, flush=True)


def stop(*_: object) -> NoReturn:
    """End at once: nothing is lost, and a KeyboardInterrupt that rises in a callback of a library is swallowed."""
    sys.stderr.write("\nevaluate.py: stopped\n")
    sys.stderr.flush()
    os._exit(128 + signal.SIGINT)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, stop)
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"evaluate.py: {error.name} is not installed: run `make .venv/export`, then use .venv/bin/python")
