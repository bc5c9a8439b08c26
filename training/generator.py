"""The generator: makes the detail that a small photo lost, at the small photo's own resolution."""

import copy
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle

from training import SCALE
from training.defaults import WEIGHTS
from training.files import replacing


class WeightsError(ValueError):
    """A weights file that is not a generator's; the message says why."""


@dataclass(frozen=True)
class Shape:
    """The size of a generator: residual blocks of two 3x3 convolutions, and channels (64 suits matrix units)."""

    blocks: int = 8
    channels: int = 64
    fold: int = 1
    """1: the trunk works at the input's resolution; 2: at half of it (`training/half_resolution.py`)"""

    @property
    def reach(self) -> int:
        """How many pixels of the small photo, to each side, one output pixel can see."""
        return 2 * self.blocks + 3 if self.fold == 1 else self.fold * (2 * self.blocks + 2) + 3


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions added to their input, without normalisation (EDSR, arXiv:1707.02921)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.activation = nn.LeakyReLU(0.2)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        with torch.no_grad():  # a near-identity at the start lets deep stacks learn at once (ESRGAN, arXiv:1809.00219)
            self.second.weight.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.activation(self.first(x)))


class Generator(nn.Module):
    """Photos (N, 3, H, W) in [0, 1] to photos (N, 3, 4H, 4W), about [0, 1] and not clamped.

    Everything runs at the input's resolution; the last convolution gives 16 values for each pixel and channel, what
    is to be added to that pixel repeated 4x4 times, and pixel shuffle (arXiv:1609.05158) lays them out.
    """

    READS_PHOTO: tuple[str, ...] = ("stem",)
    """The convolutions whose input is the small photo."""
    WRITES_PHOTO: tuple[str, ...] = ("head",)
    """The convolutions whose output is `detail`."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        self.stem = nn.Conv2d(3, shape.channels, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(shape.channels) for _ in range(shape.blocks)))
        self.gather = nn.Conv2d(shape.channels, shape.channels, 3, padding=1)
        self.head = nn.Conv2d(shape.channels, 3 * SCALE**2, 3, padding=1)
        with torch.no_grad():  # so that training starts from the enlarged photo, not from noise
            self.head.weight.mul_(0.1)

    def forward(self, photo: Tensor) -> Tensor:
        repeated = photo.float().repeat_interleave(SCALE**2, dim=1)  # bfloat16 would band skies
        return pixel_shuffle(self.detail(photo).float() + repeated, SCALE)

    def detail(self, photo: Tensor) -> Tensor:
        """What is to be added to each repeated pixel, (N, 48, H, W): 16 places of red, then of green, then of blue."""
        features = self.stem(photo)
        features = features + self.gather(self.body(features))
        return self.head(features)

    @property
    def operations(self) -> int:
        """Multiply-adds for each pixel of the small photo: every convolution runs at its resolution."""
        return sum(m.weight.numel() for m in self.modules() if isinstance(m, nn.Conv2d))

    def grow(self, blocks: int) -> "Generator":
        """The same function with more residual blocks, the new ones giving zero until they learn."""
        if blocks < self.shape.blocks:
            raise WeightsError(f"cannot grow from {self.shape.blocks} blocks down to {blocks}")
        if blocks == self.shape.blocks:
            return copy.deepcopy(self)
        if self.shape.fold != 1:
            raise WeightsError("only a generator whose trunk works at the input's resolution can grow")
        grown = Generator(Shape(blocks, self.shape.channels))
        with torch.no_grad():
            for block in list(grown.body)[self.shape.blocks :]:
                for name in ("second.weight", "second.bias"):
                    block.get_parameter(name).zero_()
        grown.load_state_dict(self.state_dict(), strict=False)
        return grown


def make_generator(shape: Shape) -> Generator:
    """A new generator of this shape. Raises WeightsError where there is none of its `fold`."""
    if shape.fold == 1:
        return Generator(shape)
    if shape.fold == 2:
        from training.half_resolution import HalfResolutionGenerator

        return HalfResolutionGenerator(shape)
    raise WeightsError(f"no generator whose trunk works at 1/{shape.fold} of the input's resolution")


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def save_weights(generator: Generator, path: Path, **facts: str) -> None:
    """Write the weights as safetensors, in half precision, as they are served (checkpoints keep all of it).

    The shape, and whatever facts are given, travel in the header. Raises OSError, and leaves the file as it was.
    """
    tensors = {name: value.detach().half().cpu().contiguous() for name, value in generator.state_dict().items()}
    shape = {name: str(value) for name, value in asdict(generator.shape).items()}
    with replacing(path) as unfinished:
        unfinished.write_bytes(save(tensors, metadata={"network": "generator", **shape, **facts}))


def load_weights(path: Path = WEIGHTS) -> Generator:
    """The generator that `save_weights` wrote; nothing in the file is executed.

    Raises WeightsError where the file is missing, is no safetensors file, or holds another network.
    """
    if not path.is_file():
        raise WeightsError(f"no weights at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata() or {}
        if facts.get("network") != "generator":
            raise WeightsError(f"{path} does not hold a generator")
        generator = make_generator(Shape(int(facts["blocks"]), int(facts["channels"]), int(facts.get("fold", 1))))
        generator.load_state_dict(load_file(path))
    except WeightsError:
        raise
    except Exception as error:  # of safetensors, torch, or a header without a shape
        raise WeightsError(f"{path} does not hold a generator: {error}") from error
    return generator.eval()
