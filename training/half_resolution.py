"""A generator whose trunk works at half the input's resolution: in the same time, four times the parameters."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad, pixel_shuffle, pixel_unshuffle

from training import SCALE
from training.generator import Generator, ResidualBlock, Shape
from training.kernels import cubic

FOLD = 2
"""By how much the trunk's resolution is below the input's."""


class HalfResolutionGenerator(Generator):
    """Photos (N, 3, H, W) in [0, 1] to photos (N, 3, 4H, 4W), about [0, 1] and not clamped.

    The trunk works at half the input's resolution, where the same time buys four times the parameters and twice the
    reach; two convolutions at the input's own resolution follow. The last one gives 16 values for each pixel and
    channel, what is to be added to that pixel repeated 4x4 times, and pixel shuffle (arXiv:1609.05158) lays them out.
    `base`, which starts as bicubic interpolation, sees the input alone: a smooth start, so that no grid has to be
    unlearned.
    """

    READS_PHOTO = ("stem", "near", "base")
    WRITES_PHOTO = ("head", "base")

    def __init__(self, shape: Shape | None = None) -> None:
        nn.Module.__init__(self)  # it has other layers than the network whose interface it keeps
        self.shape = shape = shape or Shape(blocks=15, channels=128, fold=FOLD)
        wide, narrow = shape.channels, shape.channels // 2
        self.stem = nn.Conv2d(3 * FOLD**2, wide, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(wide) for _ in range(shape.blocks)))
        self.unfold = nn.Conv2d(wide, narrow * FOLD**2, 3, padding=1)
        self.near = nn.Conv2d(3, narrow, 3, padding=1)
        self.gather = nn.Conv2d(narrow, narrow, 3, padding=1)
        self.head = nn.Conv2d(narrow, 3 * SCALE**2, 3, padding=1)
        self.base = nn.Conv2d(3, 3 * SCALE**2, 5, padding=2, padding_mode="replicate", bias=False)
        with torch.no_grad():
            self.head.weight.mul_(0.1)
            self.base.weight.copy_(bicubic_over_nearest())

    def detail(self, photo: Tensor) -> Tensor:
        """What is to be added to each repeated pixel, (N, 48, H, W): 16 places of red, then of green, then of blue."""
        height, width = photo.shape[-2:]
        even = pad(photo, (0, width % FOLD, 0, height % FOLD), mode="replicate")
        features = pixel_shuffle(self.unfold(self.body(self.stem(pixel_unshuffle(even, FOLD)))), FOLD)
        features = features[..., :height, :width]
        features = leaky_relu(features + self.near(photo), 0.2)
        features = leaky_relu(self.gather(features), 0.2)
        return self.head(features) + self.base(photo)

    @property
    def operations(self) -> int:
        """Multiply-adds for each pixel of the small photo: the trunk runs at a quarter of its pixels."""
        trunk = (self.stem, *self.body.modules(), self.unfold)
        folded = sum(m.weight.numel() for m in trunk if isinstance(m, nn.Conv2d))
        return super().operations - folded + folded // FOLD**2


def bicubic_over_nearest() -> Tensor:
    """(48, 3, 5, 5): the kernel that adds to a pixel repeated 4x4 times what makes it bicubic interpolation."""
    place = (np.arange(SCALE) + 0.5) / SCALE - 0.5
    taps = torch.from_numpy(cubic(np.arange(-2, 3)[None] - place[:, None])).float()  # (4, 5)
    kernel = torch.einsum("ay,bx->abyx", taps, taps).reshape(SCALE**2, 5, 5)
    kernel[:, 2, 2] -= 1
    base = torch.zeros(3, SCALE**2, 3, 5, 5)
    for channel in range(3):
        base[channel, :, channel] = kernel
    return base.view(3 * SCALE**2, 3, 5, 5)
