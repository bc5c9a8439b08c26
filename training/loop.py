"""The training loop: the generator's turn, the discriminator's, and the average of the weights."""

import copy
import math
import os
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
from training.distributed import DeviceError
from training.generator import Generator, WeightsError, save_weights
from training.perceptual import FeaturesError, distance
from training.reporting import Report
from training.stage import GRID, WARM_UP, Stage, StageError

CPU = torch.device("cpu")


class DivergedError(ValueError):
    """The loss or the weights are no longer numbers."""


class StoppedError(Exception):
    """Somebody asked to stop, and what was learned is saved."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped after step {step:,}")
        self.step = step


ERRORS = (CheckpointError, DeviceError, DivergedError, FeaturesError, PhotosError, StageError, WeightsError)
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
    pairs: Pairs, stage: Stage, first: int, rank: int, world_size: int, workers: int, pinned: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """This process's share of each step's pairs, from step `first` on: they depend on nothing but the step's number."""
    share = stage.share(world_size)
    starts = (step * stage.batch_size + rank * share for step in range(first, stage.steps))
    order = ([*range(start, start + share)] for start in starts)
    loader = DataLoader(
        pairs,
        batch_sampler=order,  # pyright: ignore[reportArgumentType]
        num_workers=workers,
        pin_memory=pinned,
        worker_init_fn=_leave_the_group,
        prefetch_factor=4 if workers else None,
    )
    return iter(loader)


def _leave_the_group(worker: int) -> None:
    """A terminal's Ctrl-C and torchrun's SIGTERM go to a whole group, and the loop needs its pairs to end its step.

    PyTorch ends its workers by SIGTERM, so that signal is not ignored.
    """
    del worker
    os.setsid()


def train(
    stage: Stage,
    pairs: Pairs,
    out: Path,
    report: Report,
    *,
    start: Generator,
    discriminator: nn.Module | None = None,
    perceptual: Sequence[str] = ("vgg16",),
    resume: Checkpoint | None = None,
    data: dict[str, str] | None = None,
    device: torch.device = CPU,
    rank: int = 0,
    world_size: int = 1,
    workers: int = 1,
    save_every: int = 500,
    compiled: bool = False,
    stop: Callable[[], bool] = lambda: False,
    quiet: bool = False,
) -> Generator:
    """Run the stage and return the averaged generator. Raises some of `ERRORS`.

    The networks named by `perceptual` take turns, one a step: grain that pleases one displeases the next. Once `stop`
    says so, the step is finished, everything is saved, and StoppedError tells which step it was. `data`, what names the
    photos and drawings, is kept in the checkpoint. `quiet` shows no line of progress.
    """
    torch.manual_seed(stage.seed)
    generator = copy.deepcopy(start).requires_grad_(True).train()
    discriminator = discriminator or Discriminator(stage.discriminator_channels)
    for network in (generator, discriminator):
        network.to(device)
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  twice as fast on every device
    ema_generator = copy.deepcopy(generator).requires_grad_(False)
    perceptual_losses = [distance(name, compiled).to(device) for name in perceptual] if stage.perceptual else []
    generator_optimizer = torch.optim.Adam(generator.parameters(), betas=(0.9, 0.99), fused=True)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), betas=(0.5, 0.99), fused=True)
    parts = {
        "generator": generator,
        "ema_generator": ema_generator,
        "discriminator": discriminator,
        "generator_optimizer": generator_optimizer,
        "discriminator_optimizer": discriminator_optimizer,
    }
    first = 0
    if resume:
        resume.restore(parts)
        first = resume.step
    if rank == 0:
        report.begin(first)
    inputs = {"perceptual": [*perceptual], "compiled": compiled, **(data or {})}

    def save(step: int, *, last: bool) -> None:
        if not all(p.isfinite().all() for part in (generator, ema_generator, discriminator) for p in part.parameters()):
            raise DivergedError(_diverged("the weights are no longer numbers", step, out))
        if rank == 0:
            states = {name: part.state_dict() for name, part in parts.items()}
            checkpoint = Checkpoint(step, asdict(stage), states, asdict(generator.shape), inputs)
            try:
                checkpoint.save(out / "checkpoint.pt")
                save_weights(ema_generator, out / "generator.safetensors", step=str(step))
            except OSError as error:
                if last:
                    raise CheckpointError(f"what was learned by step {step} cannot be saved: {error}") from error
                tqdm.write(f"Step {step} is not saved ({error}). Training goes on, and saves later.", sys.stderr)
            report.evaluate(step, ema_generator)

    def precision():
        return torch.autocast(device.type, torch.bfloat16) if stage.bf16 else nullcontext()

    source = batches(pairs, stage, first, rank, world_size, workers, device.type == "cuda")
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
        factor = stage.schedule(step)
        for group in generator_optimizer.param_groups:
            group["lr"] = stage.learning_rate * factor
        for group in discriminator_optimizer.param_groups:
            group["lr"] = stage.discriminator_learning_rate * factor

        # The generator's turn.
        with precision():
            photo = generator(small)
            shown = losses.shown(photo)
            terms = {
                "pixel": losses.pixel_loss(photo, truth),
                "low_frequency": losses.low_frequency_loss(shown, truth),
            }
            weights = {name: getattr(stage, f"{name}_weight") for name in terms}
            generated, real = (random_shift_crop(image, stage.compared, stage.seed, step) for image in (shown, truth))
            if stage.grid_weight and (stage.perceptual or stage.adversarial_weight):
                terms["grid"], weights["grid"] = losses.grid_loss(shown, truth), stage.grid_weight
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
        follow = 1 - min(stage.ema_decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for slow, fast in zip(ema_generator.parameters(), generator.parameters(), strict=True):
                slow.lerp_(fast, follow)

        done, last = step + 1, step + 1 == stage.steps
        stops = not last and bool(distributed.largest(stop()))  # several processes stop at the same step
        saves = (done % save_every == 0 and not last) or stops
        if saves or last or done % report.every == 0:
            values = {name: value.item() for name, value in terms.items()}
            if not all(map(math.isfinite, values.values())):
                if rank == 0:
                    report.draw_curves()
                raise DivergedError(_diverged("the loss is no longer a number", step, out))
            if rank == 0:
                report.step(done, values)
                steps.set_postfix_str(f"loss {report.total(weights):.3f}", refresh=False)
        if saves:
            save(done, last=stops)
        if stops:
            steps.close()
            raise StoppedError(done)
    save(stage.steps, last=True)
    return ema_generator


def _diverged(what: str, step: int, out: Path) -> str:
    resume = ", and resume from the last checkpoint" if (out / "checkpoint.pt").exists() else ""
    return f"{what} at step {step}: lower the learning rate{resume}"
