"""Train the generator for one stage: against the mean absolute error, or against feature networks and a discriminator.

usage: python training/train.py --photos FOLDER [--out runs/NAME] [--resume runs/NAME/checkpoint.pt]
       torchrun --nproc-per-node 2 training/train.py --photos FOLDER

`training/recipe.py` runs several stages, as the served weights need.
"""

import argparse
import copy
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

if __package__ in (None, ""):  # run as a script: the project, not this folder, is where imports start
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from training import distributed, losses
from training.checkpoint import Checkpoint, CheckpointError
from training.dataset import HELD_OUT_EVERY, Pairs, PhotosError, find_photos, read_photo
from training.discriminator import Discriminator
from training.generator import Generator, Shape, WeightsError, load_weights, make_generator, parameters, save_weights
from training.perceptual import FeaturesError, distance
from training.reporting import Report, held_out
from training.stage import WARM_UP, Stage

CPU = torch.device("cpu")
GRID = 16
"""The largest stride in the networks that look at photos, px."""
ERRORS = (CheckpointError, FeaturesError, PhotosError, WeightsError)


class DivergedError(ValueError):
    """The loss is no longer a number."""


def random_shift_crop(photos: Tensor, side: int, seed: int, step: int) -> Tensor:
    """`side` x `side` px of the photos, or all but 16 px where `side` is 0, from another place at each step.

    Networks with strides see in a grid of up to 16 px. Were it always at the same place, it would be pressed into the
    generator's output, whose own grid of 4 px it shares: fine regular grain in every sky.
    """
    height, width = (side or length - GRID for length in photos.shape[-2:])
    free = (photos.shape[-2] - height + 1, photos.shape[-1] - width + 1)
    top, left = np.random.default_rng((seed, step)).integers(0, free)
    return photos[..., top : top + height, left : left + width]


def batches(
    pairs: Pairs, stage: Stage, first: int, rank: int, ranks: int, workers: int, pinned: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """This process's share of each step's pairs, from step `first` on: they depend on nothing but the step's number."""
    share = stage.batch // ranks
    starts = (step * stage.batch + rank * share for step in range(first, stage.steps))
    order = ([*range(start, start + share)] for start in starts)
    ahead = {"prefetch_factor": 4} if workers else {}
    return iter(DataLoader(pairs, batch_sampler=order, num_workers=workers, pin_memory=pinned, **ahead))  # pyright: ignore[reportArgumentType]


def train(
    stage: Stage,
    pairs: Pairs,
    out: Path,
    report: Report,
    *,
    start: Generator,
    discriminator: Discriminator | None = None,
    perceptual: Sequence[str] = ("vgg16",),
    resume: Checkpoint | None = None,
    device: torch.device = CPU,
    rank: int = 0,
    ranks: int = 1,
    workers: int = 1,
    save_every: int = 500,
    compiled: bool = False,
) -> Generator:
    """Run the stage and return the averaged generator. Raises DivergedError, CheckpointError, FeaturesError.

    The networks named by `perceptual` take turns, one a step: grain that pleases one displeases the next.
    """
    torch.manual_seed(stage.seed)
    generator = copy.deepcopy(start).requires_grad_(True).train()
    discriminator = discriminator or Discriminator()
    for network in (generator, discriminator):
        network.to(device)
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  twice as fast on every device
    average = copy.deepcopy(generator).requires_grad_(False)
    perceptual_losses = [distance(name, compiled).to(device) for name in perceptual] if stage.perceptual else []
    generator_optimizer = torch.optim.Adam(generator.parameters(), betas=(0.9, 0.99), fused=True)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), betas=(0.5, 0.99), fused=True)
    parts = {
        "generator": generator,
        "average": average,
        "discriminator": discriminator,
        "generator_optimizer": generator_optimizer,
        "discriminator_optimizer": discriminator_optimizer,
    }
    first = 0
    if resume:
        resume.restore(parts)
        first = resume.step

    def checkpoint(step: int) -> None:
        if rank == 0:
            states = {name: part.state_dict() for name, part in parts.items()}
            Checkpoint(step, asdict(stage), states, asdict(generator.shape)).save(out / "checkpoint.pt")
            save_weights(average, out / "generator.safetensors", step=str(step))

    def precision():
        return torch.autocast(device.type, torch.bfloat16) if stage.bf16 else nullcontext()

    source = batches(pairs, stage, first, rank, ranks, workers, device.type == "cuda")
    steps = tqdm(
        range(first, stage.steps),
        initial=first,
        total=stage.steps,
        unit="step",
        disable=rank > 0,
        mininterval=0.5 if sys.stderr.isatty() else 60,  # a log file gets a line a minute
    )
    for step in steps:
        small, truth = (t.to(device, non_blocking=True).float().div(255) for t in next(source))
        small = small.contiguous(memory_format=torch.channels_last)
        truth = truth.contiguous(memory_format=torch.channels_last)
        rate = stage.schedule(step)
        for group in generator_optimizer.param_groups:
            group["lr"] = stage.rate * rate
        for group in discriminator_optimizer.param_groups:
            group["lr"] = stage.discriminator_rate * rate

        # The generator's turn.
        with precision():
            photo = generator(small)
            terms = {
                "pixel": losses.pixel_loss(photo, truth),
                "low_frequency": losses.low_frequency_loss(photo, truth),
            }
            weights = {name: getattr(stage, f"{name}_weight") for name in terms}
            generated, real = (random_shift_crop(image, stage.compared, stage.seed, step) for image in (photo, truth))
            if stage.grid_weight and (stage.perceptual or stage.adversarial_weight):
                terms["grid"], weights["grid"] = losses.grid_loss(photo, truth), stage.grid_weight
            if perceptual_losses:
                network = perceptual_losses[step % len(perceptual_losses)]
                seen, texture = network.with_texture(generated, real)
                terms["perceptual"] = seen.mean() / network.bicubic_distance
                terms["texture"] = texture.mean()
                weights |= {"perceptual": stage.perceptual_weight, "texture": stage.texture_weight}
            if stage.adversarial_weight:
                discriminator.requires_grad_(False)
                terms["adversarial"] = losses.generator_loss(discriminator(generated))
                weights["adversarial"] = stage.adversarial_weight * min(1.0, (step + 1) / WARM_UP)
        loss = torch.stack([weights[name] * value for name, value in terms.items()]).sum()
        generator_optimizer.zero_grad()
        loss.backward()
        distributed.average_gradients(generator.parameters())
        nn.utils.clip_grad_norm_(generator.parameters(), 0.5)
        generator_optimizer.step()

        # The discriminator's turn, on the same photos.
        if "adversarial" in terms:
            discriminator.requires_grad_(True)
            with precision():
                logits = discriminator(torch.cat([real, generated.detach()]))
                real_logits, generated_logits = zip(*(scale.chunk(2) for scale in logits), strict=True)
                terms["discriminator"] = losses.discriminator_loss(real_logits, generated_logits)
            discriminator_optimizer.zero_grad()
            terms["discriminator"].backward()
            distributed.average_gradients(discriminator.parameters())
            discriminator_optimizer.step()

        # The average follows: at first closely, later slowly.
        follow = 1 - min(stage.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), generator.parameters(), strict=True):
                slow.lerp_(fast, follow)

        if (step + 1) % report.every == 0 or step + 1 == stage.steps:
            values = {name: value.item() for name, value in terms.items()}
            if not all(map(math.isfinite, values.values())):
                raise DivergedError(
                    f"the loss is no longer a number at step {step}: lower --rate, and --resume the last checkpoint"
                )
            if rank == 0:
                report.step(step + 1, values)
                steps.set_postfix({name: f"{value:.3f}" for name, value in report.recent.items()}, refresh=False)
        if (step + 1) % save_every == 0:
            checkpoint(step + 1)
            if rank == 0:
                report.evaluate(step + 1, average)
    checkpoint(stage.steps)
    return average


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="train.py",
        description="Train the generator for one stage. With --adversarial-weight 0 --perceptual-weight 0 it learns "
        "from the mean absolute error alone, which is how to begin from nothing.",
    )
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="folder of photos; the larger, sharper and more varied the better")
    add("--drawings", type=Path, help="folder of drawings, an eighth of what is learned from: see training/drawings.py")
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
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda (default: %(default)s)")
    stage = parser.add_argument_group("what decides the weights")
    for option in fields(Stage):
        kind: dict[str, Any] = (
            {"action": argparse.BooleanOptionalAction} if option.type is bool else {"type": option.type}
        )
        flag = f"--{option.name.replace('_', '-')}"
        stage.add_argument(flag, default=None, help=f"{option.metadata['help']} (default: {option.default})", **kind)
    return parser


def chosen_stage(options: argparse.Namespace, resume: Checkpoint | None) -> Stage:
    """The checkpoint's options, or the defaults, with what was typed in their place."""
    typed = {f.name: value for f in fields(Stage) if (value := getattr(options, f.name)) is not None}
    if not resume:
        return Stage(**typed)
    if other := [f"--{name.replace('_', '-')}" for name in typed if name not in ("rate", "discriminator_rate")]:
        raise CheckpointError(f"{' '.join(other)} cannot change in a resumed training: only the rates can")
    return Stage(**{**resume.recipe, **typed})


def main() -> None:
    options = arguments().parse_args()
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
    except (*ERRORS, DivergedError) as error:
        sys.exit(f"train.py: {error}")
    except KeyboardInterrupt:
        sys.exit(f"\ntrain.py: stopped; go on with --resume {options.out / 'checkpoint.pt'}")
    if rank == 0:
        print(f"{parameters(generator):,} parameters in {options.out / 'generator.safetensors'}")


if __name__ == "__main__":
    main()
