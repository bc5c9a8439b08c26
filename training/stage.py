"""One stage of training: all that decides the weights, besides the photos and the weights it starts from."""

import math
from dataclasses import dataclass, field

WARM_UP = 200
"""steps over which the learning rates rise, at most a tenth of all, and in a stage with a discriminator its weight"""


@dataclass(frozen=True)
class Stage:
    """Options of one stage. A weight of 0 leaves its loss out, and what only that loss needs."""

    steps: int = field(default=100_000, metadata={"help": "steps of the optimizers"})
    batch: int = field(default=16, metadata={"help": "pairs per step, over all processes"})
    patch: int = field(default=48, metadata={"help": "side of the small crop, px; even"})
    compared: int = field(
        default=0, metadata={"help": "side of the part of the large crop that the networks compare, px; 0: all but 16"}
    )
    rate: float = field(default=2e-4, metadata={"help": "highest learning rate of the generator"})
    discriminator_rate: float = field(default=2e-4, metadata={"help": "highest learning rate of the discriminator"})
    last_rate: float = field(default=0.01, metadata={"help": "share of the highest rates that is left at the end"})
    ema: float = field(default=0.999, metadata={"help": "decay of the moving average of the weights"})
    pixel_weight: float = field(default=1.0, metadata={"help": "weight of the mean absolute error"})
    low_frequency_weight: float = field(
        default=0.5, metadata={"help": "weight of the mean absolute error after reduction by 4"}
    )
    grid_weight: float = field(default=0.05, metadata={"help": "weight of the grid loss: patterns of 4 and 2 px"})
    perceptual_weight: float = field(
        default=0.5, metadata={"help": "weight of the perceptual loss, in units of bicubic's distance"}
    )
    texture_weight: float = field(default=0.0, metadata={"help": "weight of the texture loss"})
    adversarial_weight: float = field(default=0.1, metadata={"help": "weight of the adversarial loss"})
    discriminator_channels: int = field(
        default=48, metadata={"help": "channels of the discriminator at full resolution; fewer are faster"}
    )
    bf16: bool = field(default=True, metadata={"help": "compute in bfloat16"})
    seed: int = field(default=0, metadata={"help": "of the pairs, the crops and the first weights"})

    @property
    def perceptual(self) -> bool:
        return bool(self.perceptual_weight or self.texture_weight)

    def schedule(self, step: int) -> float:
        """The share of the highest rates at `step`: up while it warms up, then down along a cosine to `last_rate`."""
        rise = max(1, min(WARM_UP, self.steps // 10))
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return min(1.0, (step + 1) / rise) * (self.last_rate + (1 - self.last_rate) * cosine)
