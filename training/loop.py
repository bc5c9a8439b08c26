"""The training loop: the generator's turn, the discriminator's, and the average of the weights."""

import copy
import math
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from training import distributed, losses
from training.checkpoint import Checkpoint, CheckpointError
from training.dataset import Pairs, PhotosError
from training.discriminator import Discriminator
from training.generator import Generator, WeightsError, save_weights
from training.perceptual import FeaturesError, distance
from training.reporting import Report
from training.stage import WARM_UP, Stage

CPU = torch.device("cpu")
GRID = 16
"""The largest stride in the networks that look at photos, px."""


class DivergedError(ValueError):
    """The loss is no longer a number."""


class StoppedError(Exception):
    """Somebody asked to stop, and what was learned is saved."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped after step {step:,}")
        self.step = step


ERRORS = (CheckpointError, DivergedError, FeaturesError, PhotosError, WeightsError)
"""What can end a training; each message is the sentence for the person."""


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
    loader = DataLoader(
        pairs,
        batch_sampler=order,  # pyright: ignore[reportArgumentType]
        num_workers=workers,
        pin_memory=pinned,
        worker_init_fn=_leave_stopping_to_the_loop,
        prefetch_factor=4 if workers else None,
    )
    return iter(loader)


def _leave_stopping_to_the_loop(worker: int) -> None:
    """A terminal sends Ctrl-C to every process, and the loop still needs its pairs for the step that it is in."""
    del worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)


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
    stop: Callable[[], bool] = lambda: False,
    quiet: bool = False,
) -> Generator:
    """Run the stage and return the averaged generator. Raises DivergedError, CheckpointError, FeaturesError.

    The networks named by `perceptual` take turns, one a step: grain that pleases one displeases the next. Once `stop`
    says so, the step is finished, everything is saved, and StoppedError tells which step it was. `quiet` shows no line
    of progress.
    """
    torch.manual_seed(stage.seed)
    generator = copy.deepcopy(start).requires_grad_(True).train()
    discriminator = discriminator or Discriminator(stage.discriminator_channels)
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
        if rank == 0:
            report.rewind(first)

    def save(step: int) -> None:
        if rank == 0:
            states = {name: part.state_dict() for name, part in parts.items()}
            Checkpoint(step, asdict(stage), states, asdict(generator.shape)).save(out / "checkpoint.pt")
            save_weights(average, out / "generator.safetensors", step=str(step))
            report.evaluate(step, average)

    def precision():
        return torch.autocast(device.type, torch.bfloat16) if stage.bf16 else nullcontext()

    source = batches(pairs, stage, first, rank, ranks, workers, device.type == "cuda")
    steps = tqdm(
        range(first, stage.steps),
        initial=first,
        total=stage.steps,
        unit="step",
        disable=quiet or rank > 0,
        ncols=80,
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
                if stage.texture_weight:
                    seen, texture = network.with_texture(generated, real)
                    terms["texture"], weights["texture"] = texture.mean(), stage.texture_weight
                else:
                    seen = network(generated, real)
                terms["perceptual"] = seen.mean() / network.bicubic_distance
                weights["perceptual"] = stage.perceptual_weight
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

        told = (step + 1) % report.every == 0
        # Several processes stop at one step, on which they agree now and then.
        stops = step + 1 < stage.steps and (ranks == 1 or told) and bool(distributed.largest(stop()))
        if told or stops or step + 1 == stage.steps:
            values = {name: value.item() for name, value in terms.items()}
            if not all(map(math.isfinite, values.values())):
                report.draw_curves()
                raise DivergedError(
                    f"the loss is no longer a number at step {step}: lower --rate, and --resume the last checkpoint"
                )
            if rank == 0:
                report.step(step + 1, values)
                steps.set_postfix_str(f"loss {report.total(weights):.3f}", refresh=False)
        if ((step + 1) % save_every == 0 and step + 1 < stage.steps) or stops:
            save(step + 1)
        if stops:
            steps.close()
            raise StoppedError(step + 1)
    save(stage.steps)
    return average
