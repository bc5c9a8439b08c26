"""Networks that the generator was chosen from: each has its parts and its way, with other blocks in the middle."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from training.generator import Generator, ResidualBlock, Shape, make_generator


class AttentiveBlock(ResidualBlock):
    """A residual block whose output attends to itself without parameters (SPAN, arXiv:2311.12770)."""

    def forward(self, x: Tensor) -> Tensor:
        seen = self.second(self.activation(self.first(x)))
        return (x + seen) * (torch.sigmoid(seen) - 0.5) + x


class BranchedConvolution(nn.Conv2d):
    """A 3x3 convolution with a 1x1 one and the identity beside it (RepVGG, arXiv:2101.03697): one 3x3 in the end."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 3, padding=1)
        self.point = nn.Parameter(torch.zeros(channels, channels, 1, 1))
        self.scale = nn.Parameter(torch.zeros(channels))

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the base class's name
        kernel = self.weight + pad(self.point + torch.diag(self.scale)[..., None, None], (1, 1, 1, 1))
        return nn.functional.conv2d(input, kernel, self.bias, padding=1)


class BranchedBlock(ResidualBlock):
    """A residual block of branched convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        for name in ("first", "second"):
            branched = BranchedConvolution(channels)
            branched.load_state_dict(self.get_submodule(name).state_dict(), strict=False)
            setattr(self, name, branched)


def _of(block: type[ResidualBlock]) -> Generator:
    generator = Generator()
    shape = generator.shape
    generator.body = nn.Sequential(*(block(shape.channels) for _ in range(shape.blocks)))
    return generator


NETWORKS: dict[str, Callable[[], Generator]] = {
    "8 residual blocks": Generator,
    "4 residual blocks": lambda: Generator(Shape(4)),
    "16 residual blocks": lambda: Generator(Shape(16)),
    "15 residual blocks of 128 channels at half resolution": lambda: make_generator(Shape(15, 128, fold=2)),
    "8 blocks with parameter-free attention": lambda: _of(AttentiveBlock),
    "8 blocks of re-parameterised convolutions": lambda: _of(BranchedBlock),
}
