"""What is compared: each candidate's start, its stage and its discriminator."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from torch import nn

from training.experiments.architectures import NETWORKS
from training.experiments.discriminators import DISCRIMINATORS
from training.generator import Generator
from training.stage import Stage

CONSTANT = Stage(final_learning_rate_factor=1.0)
"""Learning rates that do not fall: a run of more steps goes on where a shorter one ended."""


@dataclass(frozen=True)
class Candidate:
    """What is trained for one row."""

    start: Generator
    stage: Stage
    discriminator: Callable[[], nn.Module] | None = None
    """None: training's own"""


def networks(stage: Stage) -> dict[str, Candidate]:
    """Each from nothing, by the pixel loss, at a rate at which all learn: at 5e-4 the second broke off at step 400."""
    alone = replace(stage, learning_rate=2e-4, perceptual_weight=0, adversarial_weight=0)
    return {name: Candidate(make(), alone) for name, make in NETWORKS.items()}


def discriminators(stage: Stage, start: Generator, features: str) -> dict[str, Candidate]:
    """None, and each from the same weights; the projected one looks through the network `features`."""
    whole = replace(
        stage,
        learning_rate=1e-4,
        discriminator_learning_rate=3e-4,
        ema_decay=0.998,
        grid_weight=0.08,
        discriminator_channels=24,
    )
    return {
        "none": Candidate(start, replace(whole, adversarial_weight=0)),
        **{
            name: Candidate(start, whole, partial(make, whole.discriminator_channels, features))
            for name, make in DISCRIMINATORS.items()
        },
    }


def losses(stage: Stage, start: Generator) -> dict[str, Candidate]:
    """The second stage with each weight left out or made heavier."""
    weights = {"perceptual": stage.perceptual_weight, "adversarial": stage.adversarial_weight}
    names = ("low_frequency", "grid", *weights)
    stages = {
        "pixel alone": replace(stage, **{f"{name}_weight": 0 for name in names}),
        "all": stage,
        **{f"without {name}": replace(stage, **{f"{name}_weight": 0}) for name in names},
        **{f"{name} x 3": replace(stage, **{f"{name}_weight": 3 * weight}) for name, weight in weights.items()},
    }
    return {name: Candidate(start, one) for name, one in stages.items()}
