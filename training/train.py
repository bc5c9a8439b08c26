"""Train the generator for one stage: against the mean absolute error, or against feature networks and a discriminator.

usage: python training/train.py --photos FOLDER [--out runs/NAME] [--resume runs/NAME/checkpoint.pt]
       torchrun --nproc-per-node 2 training/train.py --photos FOLDER

`training/recipe.py` runs several stages, as the served weights need. The loop is in `training/loop.py`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.checkpoint import Checkpoint
    from training.stage import Stage


def arguments() -> argparse.ArgumentParser:
    from training.stage import Stage

    parser = argparse.ArgumentParser(
        prog="train.py",
        description="Train the generator for one stage. With --adversarial-weight 0 --perceptual-weight 0 it learns "
        "from the mean absolute error alone, which is how to begin from nothing.",
    )
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="folder of photos; the larger, sharper and more varied the better")
    add("--drawings", type=Path, help="folder of drawings, an eighth of what is learned from: see training/drawings/")
    add("--out", type=Path, help="folder for checkpoint, weights, curves (default: runs/latest, or that of --resume)")
    add(
        "--resume",
        type=Path,
        metavar="CHECKPOINT",
        help="go on from this checkpoint; of its options --rate may change",
    )
    add("--init", type=Path, metavar="WEIGHTS", help="start from these weights (default: from nothing)")
    add("--blocks", type=int, default=15, help="residual blocks of a new generator (default: %(default)s)")
    add("--channels", type=int, default=128, help="channels of a new generator's trunk (default: %(default)s)")
    add(
        "--fold",
        type=int,
        default=2,
        choices=(1, 2),
        help="a new generator's trunk works at this part of the resolution: 1 whole, 2 half (default: %(default)s)",
    )
    add(
        "--perceptual",
        nargs="+",
        default=["lite0"],
        metavar="NETWORK",
        help="they take turns: {lite0,lite1,lite2,vgg16,alexnet}[:FILE], squeezenet:FILE, MODULE:FACTORY",
    )
    add("--workers", type=int, default=1, help="processes that prepare pairs (default: %(default)s)")
    add(
        "--save-every",
        type=int,
        default=500,
        metavar="STEPS",
        help="checkpoint and contact sheet (default: %(default)s)",
    )
    add(
        "--compile",
        action="store_true",
        help="compile the perceptual loss: a minute to begin, then up to twice as fast; needs a C++ compiler",
    )
    add("--device", help="cpu or cuda (default: cuda where there is one)")
    stage = parser.add_argument_group("what decides the weights")
    for option in fields(Stage):
        kind: dict[str, Any] = (
            {"action": argparse.BooleanOptionalAction} if option.type is bool else {"type": option.type}
        )
        flag = f"--{option.name.replace('_', '-')}"
        stage.add_argument(flag, default=None, help=f"{option.metadata['help']} (default: {option.default})", **kind)
    return parser


def chosen_stage(options: argparse.Namespace, resume: Checkpoint | None) -> Stage:
    """The checkpoint's options, or the defaults, with what was typed in their place. Raises CheckpointError."""
    from training.checkpoint import CheckpointError
    from training.stage import Stage

    typed = {f.name: value for f in fields(Stage) if (value := getattr(options, f.name)) is not None}
    if not resume:
        return Stage(**typed)
    if other := [f"--{name.replace('_', '-')}" for name in typed if name not in ("rate", "discriminator_rate")]:
        raise CheckpointError(f"{' '.join(other)} cannot change in a resumed training: only the rates can")
    return Stage(**{**resume.recipe, **typed})


def main() -> None:
    options = arguments().parse_args()
    import torch
    from tqdm import tqdm

    from training import distributed
    from training.checkpoint import Checkpoint
    from training.dataset import HELD_OUT_EVERY, Pairs, PhotosError, find_photos, read_photo
    from training.generator import Shape, load_weights, make_generator, parameters
    from training.loop import ERRORS, train
    from training.reporting import Report, held_out

    options.out = options.out or (options.resume.parent if options.resume else Path("runs/latest"))
    try:
        resume = Checkpoint.load(options.resume) if options.resume else None
        stage = chosen_stage(options, resume)
        with distributed.group(options.device) as (device, rank, ranks):
            if stage.batch % ranks:
                raise PhotosError(f"--batch {stage.batch} cannot be shared evenly by {ranks} processes")
            files = find_photos(options.photos)
            photos = [
                read_photo(file) for file in tqdm(files, desc="photos", disable=rank > 0 or not sys.stderr.isatty())
            ]
            shown = photos[::HELD_OUT_EVERY]
            learned = [photo for i, photo in enumerate(photos) if i % HELD_OUT_EVERY] or photos
            drawings = [read_photo(file) for file in find_photos(options.drawings)] if options.drawings else []
            torch.manual_seed(stage.seed)
            if options.init:
                start = load_weights(options.init)
            elif resume:
                start = make_generator(Shape(**resume.shape))
            else:
                start = make_generator(Shape(options.blocks, options.channels, options.fold))
            generator = train(
                stage,
                Pairs(learned, stage.patch, stage.seed, drawings),
                options.out,
                Report(options.out, held_out(shown)),
                start=start,
                perceptual=options.perceptual,
                resume=resume,
                device=device,
                rank=rank,
                ranks=ranks,
                workers=options.workers,
                save_every=options.save_every,
                compiled=options.compile,
            )
    except ERRORS as error:
        sys.exit(f"train.py: {error}")
    except KeyboardInterrupt:
        sys.exit(f"\ntrain.py: stopped; go on with --resume {options.out / 'checkpoint.pt'}")
    if rank == 0:
        print(f"{parameters(generator):,} parameters in {options.out / 'generator.safetensors'}")


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"train.py: {error.name} is not installed: run `make .venv/train`, then use .venv/bin/python")
