"""Train the generator: first alone against the mean absolute error, then against a discriminator.

usage: python training/train.py --photos FOLDER [--out runs/NAME] [--resume runs/NAME/checkpoint.pt]
       torchrun --nproc-per-node 2 training/train.py --photos FOLDER
"""

import argparse
import copy
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

if __package__ in (None, ""):  # run as a script: the project, not this folder, is where imports start
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from training import losses, parallel
from training.checkpoint import Checkpoint, CheckpointError
from training.discriminator import Discriminator
from training.features import FeaturesError, distance
from training.generator import Generator, Shape, WeightsError, load_weights, parameters, save_weights
from training.photos import HELD_OUT_EVERY, Pairs, PhotosError, find, read
from training.progress import Report, held_out

CPU = torch.device("cpu")
GRID = 16
"""The largest stride in the networks that look at photos, px."""
ERRORS = (CheckpointError, FeaturesError, PhotosError, WeightsError)


@dataclass(frozen=True)
class Recipe:
    """All that decides the weights, besides the photos."""

    pixel_steps: int = 100_000
    adversarial_steps: int = 100_000
    batch: int = 16
    """pairs a step, over all processes"""
    patch: int = 48
    """side of the small crop, px"""
    blocks: int = 8
    rate: float = 8e-4
    """highest learning rate of the pixel stage"""
    adversarial_rate: float = 2e-4
    ema: float = 0.999
    """how much of the averaged weights, which are what is kept, stays at each step"""
    pixel_weight: float = 1.0
    colour_weight: float = 0.5
    lattice_weight: float = 1.0
    perceptual_weight: float = 0.015
    adversarial_weight: float = 0.005
    """of 0 leaves the discriminator out, as does that of `perceptual_weight` the feature networks"""
    bf16: bool = True
    seed: int = 0

    @property
    def steps(self) -> int:
        return self.pixel_steps + self.adversarial_steps


class DivergedError(ValueError):
    """The loss is no longer a number."""


def learning_rate(recipe: Recipe, step: int) -> float:
    """Each stage warms up over 200 steps and falls along a cosine to a hundredth."""
    if step < recipe.pixel_steps:
        highest, done, length = recipe.rate, step, recipe.pixel_steps
    else:
        highest, done, length = recipe.adversarial_rate, step - recipe.pixel_steps, recipe.adversarial_steps
    return highest * min(1.0, (done + 1) / 200) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done / length)))


def glimpse(photos: Tensor, seed: int, step: int) -> Tensor:
    """The photos without 16 px of their borders, seen from another place at each step.

    Networks with strides see in a grid of up to 16 px. Were it always at the same place, it would be pressed into the
    generator's output, whose own grid of 4 px it shares: fine regular grain in every sky.
    """
    top, left = np.random.default_rng((seed, step)).integers(GRID, size=2)
    height, width = (length - GRID for length in photos.shape[-2:])
    return photos[..., top : top + height, left : left + width]


def batches(
    pairs: Pairs, recipe: Recipe, first: int, rank: int, ranks: int, workers: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """This process's share of each step's pairs, from step `first` on: they depend on nothing but the step's number."""
    share = recipe.batch // ranks
    starts = (step * recipe.batch + rank * share for step in range(first, recipe.steps))
    order = ([*range(start, start + share)] for start in starts)
    ahead = {"prefetch_factor": 4} if workers else {}
    return iter(DataLoader(pairs, batch_sampler=order, num_workers=workers, **ahead))  # pyright: ignore[reportArgumentType]


def train(
    recipe: Recipe,
    pairs: Pairs,
    out: Path,
    report: Report,
    *,
    perceptual: Sequence[str] = ("lite0",),
    start: Generator | None = None,
    resume: Checkpoint | None = None,
    device: torch.device = CPU,
    rank: int = 0,
    ranks: int = 1,
    workers: int = 1,
    save_every: int = 500,
    compiled: bool = False,
) -> Generator:
    """Run the recipe and return the averaged generator. Raises DivergedError, CheckpointError, FeaturesError.

    The networks named by `perceptual` take turns, one a step: grain that pleases one displeases the next.
    """
    torch.manual_seed(recipe.seed)
    generator = (start or Generator(Shape(recipe.blocks))).grow(recipe.blocks).train()
    critic = Discriminator()
    for network in (generator, critic):
        network.to(device)
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  twice as fast on every device
    average = copy.deepcopy(generator).requires_grad_(False)
    sees = recipe.adversarial_steps and recipe.perceptual_weight
    watchers = [distance(name, compiled).to(device) for name in perceptual] if sees else []
    forge = torch.optim.Adam(generator.parameters(), betas=(0.9, 0.99), fused=True)
    judge = torch.optim.Adam(critic.parameters(), betas=(0.5, 0.99), fused=True)
    parts = {"generator": generator, "average": average, "critic": critic, "forge": forge, "judge": judge}
    first = 0
    if resume:
        resume.restore(parts)
        first = resume.step

    def checkpoint(step: int) -> None:
        if rank == 0:
            states = {name: part.state_dict() for name, part in parts.items()}
            Checkpoint(step, asdict(recipe), states).save(out / "checkpoint.pt")
            save_weights(average, out / "generator.safetensors", step=str(step))

    def precision():
        return torch.autocast(device.type, torch.bfloat16) if recipe.bf16 else nullcontext()

    source = batches(pairs, recipe, first, rank, ranks, workers)
    steps = tqdm(
        range(first, recipe.steps),
        initial=first,
        total=recipe.steps,
        unit="step",
        disable=rank > 0,
        mininterval=0.5 if sys.stderr.isatty() else 60,  # a log file gets a line a minute
    )
    for step in steps:
        small, truth = (t.to(device, non_blocking=True).float().div(255) for t in next(source))
        small = small.contiguous(memory_format=torch.channels_last)
        truth = truth.contiguous(memory_format=torch.channels_last)
        adversarial = step >= recipe.pixel_steps
        for group in (*forge.param_groups, *judge.param_groups):
            group["lr"] = learning_rate(recipe, step)

        # The generator's turn.
        with precision():
            photo = generator(small)
            terms = {"pixel": losses.pixel(photo, truth)}
            if adversarial:
                terms["colour"] = losses.colour(photo, truth)
                terms["lattice"] = losses.lattice(photo, truth)
                forged, real = (glimpse(image, recipe.seed, step) for image in (photo, truth))
                if watchers:
                    watcher = watchers[step % len(watchers)]
                    terms["perceptual"] = watcher(forged, real).mean() / watcher.usual
                if recipe.adversarial_weight:
                    critic.requires_grad_(False)
                    terms["adversarial"] = losses.deceive(critic(forged))
        loss = torch.stack([getattr(recipe, f"{name}_weight") * value for name, value in terms.items()]).sum()
        forge.zero_grad()
        loss.backward()
        parallel.average_gradients(generator.parameters())
        nn.utils.clip_grad_norm_(generator.parameters(), 0.5)
        forge.step()

        # The discriminator's turn, on the same photos.
        if "adversarial" in terms:
            critic.requires_grad_(True)
            with precision():
                verdict = critic(torch.cat([glimpse(image, recipe.seed, step) for image in (truth, photo.detach())]))
                terms["critic"] = losses.discern(*verdict.chunk(2))
            judge.zero_grad()
            terms["critic"].backward()
            parallel.average_gradients(critic.parameters())
            judge.step()

        # The average follows: at first closely, later slowly.
        follow = 1 - min(recipe.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), generator.parameters(), strict=True):
                slow.lerp_(fast, follow)

        values = {name: value.item() for name, value in terms.items()}
        if not all(map(math.isfinite, values.values())):
            raise DivergedError(
                f"the loss is no longer a number at step {step}: lower --rate, and --resume the last checkpoint"
            )
        if rank == 0:
            report.step(step + 1, values)
            steps.set_postfix({name: f"{value:.4f}" for name, value in report.recent.items()}, refresh=False)
        if (step + 1) % save_every == 0:
            checkpoint(step + 1)
            if rank == 0:
                report.evaluate(step + 1, average)
    checkpoint(recipe.steps)
    return average


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="train.py", description="Train the generator, alone at first, then against a discriminator."
    )
    parser.add_argument(
        "--photos", type=Path, required=True, help="folder of photos; the larger, sharper and more varied the better"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("runs/latest"), help="checkpoint, weights, curves (default: %(default)s)"
    )
    parser.add_argument("--resume", type=Path, metavar="CHECKPOINT", help="go on from this checkpoint, by its recipe")
    parser.add_argument(
        "--init", type=Path, metavar="WEIGHTS", help="start from these weights; more --blocks grow them"
    )
    parser.add_argument(
        "--perceptual",
        nargs="+",
        default=["lite0"],
        metavar="NETWORK",
        help="one or several to take turns: {lite0,lite1,lite2,vgg16,alexnet}[:FILE], squeezenet:FILE, MODULE:FACTORY",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that prepare pairs (default: %(default)s)")
    parser.add_argument(
        "--save-every",
        type=int,
        default=500,
        metavar="STEPS",
        help="checkpoint and contact sheet (default: %(default)s)",
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="compile the perceptual loss: a minute to begin, then up to twice as fast; needs a C++ compiler",
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="default: %(default)s")
    recipe = parser.add_argument_group("recipe")
    for field in fields(Recipe):
        kind: dict[str, Any] = (
            {"action": argparse.BooleanOptionalAction} if field.type is bool else {"type": field.type}
        )
        recipe.add_argument(
            f"--{field.name.replace('_', '-')}", default=field.default, help="default: %(default)s", **kind
        )
    return parser


def main() -> None:
    options = arguments().parse_args()
    device = torch.device(options.device)
    try:
        resume = Checkpoint.load(options.resume) if options.resume else None
        recipe = Recipe(**(resume.recipe if resume else {f.name: getattr(options, f.name) for f in fields(Recipe)}))
        with parallel.group(device) as (rank, ranks):
            if recipe.batch % ranks:
                raise PhotosError(f"--batch {recipe.batch} cannot be shared evenly by {ranks} processes")
            photos = [
                read(file)
                for file in tqdm(find(options.photos), desc="photos", disable=rank > 0 or not sys.stderr.isatty())
            ]
            shown = photos[::HELD_OUT_EVERY]
            learned = [photo for i, photo in enumerate(photos) if i % HELD_OUT_EVERY] or photos
            generator = train(
                recipe,
                Pairs(learned, recipe.patch, recipe.seed),
                options.out,
                Report(options.out, held_out(shown)),
                perceptual=options.perceptual,
                start=load_weights(options.init) if options.init else None,
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
