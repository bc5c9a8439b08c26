"""One stage of training: all that decides the weights, besides the photos and the weights it starts from."""

import math
from dataclasses import dataclass, field

from training import SCALE

GRID = 16
"""The largest stride in the networks that look at photos, px."""
WARM_UP = 200
"""steps over which the learning rates rise, at most a tenth of all, and in a stage with a discriminator its weight"""


class StageError(ValueError):
    """Options that cannot be trained with; the message says why."""


@dataclass(frozen=True)
class Stage:
    """Options of one stage. A weight of 0 leaves its loss out, and what only that loss needs. Raises StageError."""

    steps: int = field(default=100_000, metadata={"help": "steps of the optimizers"})
    batch_size: int = field(default=16, metadata={"help": "pairs per step, over all processes"})
    patch_size: int = field(default=48, metadata={"help": "side of the small crop, px; even"})
    compared: int = field(
        default=0, metadata={"help": "side of the part of the large crop that the networks compare, px; 0: all but 16"}
    )
    learning_rate: float = field(default=2e-4, metadata={"help": "highest learning rate of the generator"})
    discriminator_learning_rate: float = field(
        default=2e-4, metadata={"help": "highest learning rate of the discriminator"}
    )
    final_learning_rate_factor: float = field(
        default=0.01, metadata={"help": "the learning rates at the end, as a factor of the highest"}
    )
    ema_decay: float = field(default=0.999, metadata={"help": "decay of the moving average of the weights"})
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

    def __post_init__(self) -> None:
        crop = SCALE * self.patch_size
        if not 0 <= self.compared <= crop:
            raise StageError(f"compared is {self.compared} px, but the large crop has {crop}: 4 times patch_size")
        if self.adversarial_weight and ((self.compared or crop - GRID) % 8 or crop <= GRID):
            raise StageError(
                "the discriminator needs a multiple of 8 px: an even patch_size above 4, or compared like that"
            )

    def share(self, processes: int) -> int:
        """Pairs of a batch for each process. Raises StageError where it is not the same for all."""
        if self.batch_size % processes:
            raise StageError(f"a batch of {self.batch_size} cannot be shared evenly by {processes} processes")
        return self.batch_size // processes

    @property
    def perceptual(self) -> bool:
        return bool(self.perceptual_weight or self.texture_weight)

    def schedule(self, step: int) -> float:
        """The factor of the highest learning rates at `step`: up to 1 while it warms up, then down along a cosine."""
        rise = max(1, min(WARM_UP, self.steps // 10))
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        final = self.final_learning_rate_factor
        return min(1.0, (step + 1) / rise) * (final + (1 - final) * cosine)
