"""Networks that the generator was chosen from, all of about 1.2 million multiply-adds a pixel of the small photo."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad, pixel_shuffle, pixel_unshuffle

from training.generator import Generator, ResidualBlock, Shape, make_generator
from training.half_resolution import FOLD, HalfResolutionGenerator


class LargeKernelBlock(nn.Module):
    """A large kernel on a quarter of the channels, and attention by pixel (PLKSR, arXiv:2404.11848).

    Of 13 px, as its small version has: with 17 the gradient of one took a second on a CPU, hundreds of times as long.
    """

    def __init__(self, channels: int, size: int = 13) -> None:
        super().__init__()
        self.partial = channels // 4
        self.enter = nn.Conv2d(channels, channels, 3, padding=1)
        self.activation = nn.GELU()
        self.large = nn.Conv2d(self.partial, self.partial, size, padding=size // 2)
        self.attention = nn.Conv2d(channels, channels, 3, padding=1)
        self.leave = nn.Conv2d(channels, channels, 1)
        with torch.no_grad():  # as in ResidualBlock
            self.leave.weight.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.activation(self.enter(x))
        y = torch.cat((self.large(y[:, : self.partial]), y[:, self.partial :]), 1)
        return x + self.leave(y * torch.sigmoid(self.attention(y)))


class TwoResolutionsGenerator(HalfResolutionGenerator):
    """Blocks at the input's own resolution before and after those at half of it."""

    def __init__(self, blocks: int = 10, outside: int = 2) -> None:
        super().__init__(Shape(blocks, 128, fold=FOLD))
        narrow = self.shape.channels // 2
        self.before = nn.Sequential(*(ResidualBlock(narrow) for _ in range(outside)))
        self.after = nn.Sequential(*(ResidualBlock(narrow) for _ in range(outside)))
        self.stem = nn.Conv2d(narrow * FOLD**2, self.shape.channels, 3, padding=1)

    def detail(self, photo: Tensor) -> Tensor:
        height, width = photo.shape[-2:]
        even = pad(photo, (0, width % FOLD, 0, height % FOLD), mode="replicate")
        near = self.before(self.near(even))
        far = pixel_shuffle(self.unfold(self.body(self.stem(pixel_unshuffle(near, FOLD)))), FOLD)
        features = leaky_relu((near + far)[..., :height, :width], 0.2)
        features = leaky_relu(self.gather(self.after(features)), 0.2)
        return self.head(features) + self.base(photo)


def with_large_kernels(blocks: int = 10) -> Generator:
    """The generator with such blocks in its middle."""
    generator = Generator(Shape(blocks))
    generator.body = nn.Sequential(*(LargeKernelBlock(generator.shape.channels) for _ in range(blocks)))
    return generator


NETWORKS: dict[str, Callable[[], Generator]] = {
    "16 blocks of 64 channels": lambda: Generator(Shape(16)),
    "15 blocks of 128 channels at half resolution": lambda: make_generator(Shape(15, 128, fold=FOLD)),
    "4 blocks of 64 channels around 10 of 128 at half resolution": TwoResolutionsGenerator,
    "10 blocks with 13x13 kernels on 16 of 64 channels": with_large_kernels,
}
