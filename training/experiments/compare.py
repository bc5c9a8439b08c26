"""Compare networks, or loss weights, at equal computing time, on photos that none of them was trained on.

usage: python training/experiments/compare.py networks --photos FOLDER --seconds 600
       python training/experiments/compare.py losses --photos FOLDER --seconds 600 --init WEIGHTS \
           --perceptual vgg16 lite1 lite2 --perceptual-weight 0.4

Time is this process's own on the CPU, tried on a few steps of each row before the first begins. The table goes to
`training/experiments/`, which the model card shows.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import argparse
import json
import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.generator import Generator
    from training.stage import Stage

RESULTS = Path(__file__).parent


def arguments() -> argparse.ArgumentParser:
    from training.stage import Stage

    parser = argparse.ArgumentParser(
        prog="compare.py", description="Compare at equal computing time.", allow_abbrev=False
    )
    parser.add_argument("what", choices=("networks", "losses"))
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos; one in forty is held out")
    parser.add_argument("--seconds", type=float, default=600, help="for each row (default: %(default)s)")
    parser.add_argument("--init", type=Path, metavar="WEIGHTS", help="what losses start from")
    parser.add_argument("--perceptual", nargs="+", default=["lite0"], metavar="NETWORK", help="as for train.py")
    parser.add_argument("--perceptual-weight", type=float, default=Stage.perceptual_weight, help="likewise")
    parser.add_argument("--batch-size", type=int, default=16, help="pairs a step of networks (default: %(default)s)")
    parser.add_argument("--patch-size", type=int, default=48, help="side of the small crop, px (default: %(default)s)")
    parser.add_argument("--compile", action="store_true", help="likewise")
    parser.add_argument("--out", type=Path, default=Path("runs/experiment"), help="for checkpoints (%(default)s)")
    return parser


def rows_to_train(options: argparse.Namespace) -> dict[str, tuple[Generator, Stage]]:
    """Each row's start and stage. Raises WeightsError."""
    from training.experiments.architectures import NETWORKS
    from training.experiments.trials import losses
    from training.generator import WeightsError, load_weights
    from training.stage import Stage

    if options.what == "networks":
        alone = Stage(
            learning_rate=8e-4,
            perceptual_weight=0,
            adversarial_weight=0,
            batch_size=options.batch_size,
            patch_size=options.patch_size,
        )
        return {name: (make(), alone) for name, make in NETWORKS.items()}
    if not options.init:
        raise WeightsError("losses are compared from one start: say which with --init")
    start = load_weights(options.init)
    return {name: (start, stage) for name, stage in losses(options.perceptual_weight).items()}


def main() -> None:
    options = arguments().parse_args()
    import torch

    from training.dataset import Pairs, find_photos, read_photo, read_reduced, split
    from training.evaluation import judge, measure
    from training.experiments.trials import Row, middles, page, steps_in
    from training.generator import parameters
    from training.inference import enhance
    from training.loop import CPU, ERRORS, train
    from training.planning import has_fast_bfloat16
    from training.reporting import Report
    from training.stage import Stage

    torch.set_num_threads(1)
    try:
        candidates = rows_to_train(options)
        learned, evaluated = split(find_photos(options.photos))
        judged = middles([*map(read_photo, evaluated)])
        by = judge("lpips")
        pairs = Pairs(map(read_reduced, learned), options.patch_size, Stage.seed)  # the same for all

        def run(name: str, steps: int) -> Generator:
            network, stage = candidates[name]
            out = options.out / name.replace(" ", "-")
            seen = {"perceptual": options.perceptual, "compiled": options.compile}
            stage = replace(stage, steps=steps, bf16=has_fast_bfloat16(CPU))
            return train(stage, pairs, out, Report(out), start=network, **seen)

        # All are timed in one go, so that what else the machine does later is no row's luck.
        steps = {name: steps_in(options.seconds, partial(run, name)) for name in candidates}
        rows: list[Row] = []
        for name, count in steps.items():
            trained = run(name, count).eval()
            score = measure(partial(enhance, trained), judged, by)
            rows.append(Row(name, parameters(trained), count, score.psnr, score.distance))
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / f"{options.what}.md").write_text(page(options.what, rows, options.seconds))
            print(json.dumps(asdict(rows[-1])), flush=True)
    except ERRORS as error:
        sys.exit(f"compare.py: {error}")


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"compare.py: {error.name} is not installed: run `make .venv/export`, then use .venv/bin/python")
