"""Compare networks, discriminators or loss weights at equal steps and at equal computing time.

usage: python training/experiments/compare.py networks --photos FOLDER
       python training/experiments/compare.py discriminators --photos FOLDER --from WEIGHTS --perceptual vgg16
       python training/experiments/compare.py losses --photos FOLDER --from WEIGHTS --perceptual vgg16 lite1 lite2

Time is this process's own on the CPU, tried on a few steps of each candidate before the first begins: the slowest gets
`--steps`, and the others as many more as fit into its time. The page goes to `training/experiments/`. What was found
is kept in `--out`: the same command goes on with the candidates that are left.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.experiments.candidates import Candidate

RESULTS = Path(__file__).parent
STEPS = {"networks": 2000, "discriminators": 1500, "losses": 1500}
"""of the slowest, where `--steps` is not typed"""


def arguments() -> argparse.ArgumentParser:
    from training.stage import Stage

    parser = argparse.ArgumentParser(
        prog="compare.py", description="Compare at equal steps and at equal computing time.", allow_abbrev=False
    )
    add = parser.add_argument
    add("what", choices=STEPS)
    add("--photos", type=Path, required=True, help="folder of photos; one in forty is held out")
    add("--steps", type=int, help="of each candidate, at least (default: 2,000 for networks, otherwise 1,500)")
    add("--from", dest="start", type=Path, metavar="WEIGHTS", help="what discriminators and losses start from")
    add("--perceptual", nargs="+", default=["lite0"], metavar="NETWORK", help="as for train.py")
    add("--perceptual-weight", type=float, default=Stage.perceptual_weight, help="likewise")
    add("--adversarial-weight", type=float, default=Stage.adversarial_weight, help="likewise")
    add("--features", default="lite1", metavar="NETWORK", help="of the projected discriminator (default: %(default)s)")
    add("--batch-size", type=int, default=8, help="pairs a step (default: %(default)s)")
    add("--patch-size", type=int, default=40, help="side of the small crop, px (default: %(default)s)")
    add("--compared", type=int, default=0, help="as for train.py")
    add("--compile", action="store_true", help="likewise")
    add("--only", nargs="+", metavar="NAME", help="these candidates, while another process trains others")
    add("--out", type=Path, help="for checkpoints and what was found (default: runs/compare-WHAT)")
    return parser


def candidates_of(options: argparse.Namespace) -> dict[str, Candidate]:
    """What to train, by name. Raises WeightsError, StageError and FeaturesError."""
    from training.experiments import candidates
    from training.generator import WeightsError, load_weights

    names = ("perceptual_weight", "adversarial_weight", "batch_size", "patch_size", "compared")
    stage = replace(candidates.CONSTANT, **{name: getattr(options, name) for name in names})
    if options.what == "networks":
        return candidates.networks(stage)
    if not options.start:
        raise WeightsError(f"{options.what} are compared from one start: say which with --from")
    start = load_weights(options.start)
    if options.what == "losses":
        return candidates.losses(stage, start)
    return candidates.discriminators(stage, start, options.features)


def how(options: argparse.Namespace) -> str:
    """A sentence or two for the page."""
    sentence = f"Each step saw {options.batch_size} pairs of {options.patch_size} px. Learning rates did not fall."
    if options.what == "networks":
        return f"Each began from nothing and learned by the pixel loss alone. {sentence}"
    if options.what == "discriminators":
        sentence += f" The projected discriminator looks through {_plain(options.features)}."
    networks = " and ".join(map(_plain, options.perceptual))
    return (
        f"Each began from the same weights ({options.start.name}), with a perceptual loss by {networks} of weight "
        f"{options.perceptual_weight:g} and an adversarial one of {options.adversarial_weight:g}, on "
        f"{options.compared or 4 * options.patch_size - 16} px of the large crop. {sentence}"
    )


def _plain(network: str) -> str:
    """Its name, without its file."""
    return network.partition(":")[0]


def main() -> None:
    options = arguments().parse_args()
    options.out = options.out or Path("runs") / f"compare-{options.what}"
    import torch

    from training.dataset import Pairs, find_photos, read_reduced, split
    from training.evaluation import judge
    from training.experiments.comparison import Comparison
    from training.experiments.results import Results
    from training.experiments.trials import middles, page, row
    from training.generator import load_weights
    from training.loop import ERRORS

    torch.set_num_threads(1)
    try:
        candidates = candidates_of(options)
        if unknown := set(options.only or ()) - set(candidates):
            sys.exit(f"compare.py: no such candidate: {', '.join(sorted(unknown))} (there are {', '.join(candidates)})")
        steps = options.steps or STEPS[options.what]
        settings = {name: str(value) for name, value in vars(options).items() if name not in ("only", "out")}
        results = Results(options.out, {**settings, "steps": steps})
        learned, _ = split(find_photos(options.photos))
        judged = middles(options.photos)
        pairs = Pairs(map(read_reduced, learned), options.patch_size)  # the same for all
        by = judge("lpips")
        comparison = Comparison(candidates, results, pairs, judged, by, options.perceptual, options.compile)
        begin = [row("the start of all", load_weights(options.start), 0, 0, judged, by)] if options.start else []
        headings = (f"After {steps:,} steps each", f"After {comparison.longest(steps):,.0f} s of one core each")
        for name in options.only or candidates:
            comparison.rows(name, steps)
            tables = zip(*filter(None, map(results.rows, candidates)), strict=True)
            found = {heading: [*begin, *table] for heading, table in zip(headings, tables, strict=True)}
            (RESULTS / f"{options.what}.md").write_text(page(options.what, how(options), found))
    except (*ERRORS, OSError) as error:
        sys.exit(f"compare.py: {error}")


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"compare.py: {error.name} is not installed: run `make .venv/export`, then use .venv/bin/python")
