"""ImageNet networks that look at photos: of normalised ones, (N, 3, H, W), they yield feature maps (N, C, H, W).

Each knows its `bicubic_distance` distance: that of bicubic's photos from the truth, under the `shared` degradation.
"""

from collections.abc import Iterator
from itertools import islice, pairwise
from math import ceil

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, pad, relu, relu6

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
TENSORFLOW = ((127 / 255,) * 3, (128 / 255,) * 3)
"""What EfficientNet-Lite was trained with."""


class _Fire(nn.Module):
    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = relu(self.squeeze(x), inplace=True)
        return relu(torch.cat((self.expand1x1(x), self.expand3x3(x)), 1), inplace=True)


class SqueezeNet(nn.Module):
    """SqueezeNet 1.0 (arXiv:1602.07360), its convolutions alone; parameters are named as in torchvision."""

    normalisation, bicubic_distance = IMAGENET, 4.39
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
            x = relu(layer(x), inplace=True) if at == "0" else layer(x)
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

    normalisation, bicubic_distance = TENSORFLOW, 2.91
    STAGES = ((3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3), (5, 1, 6, 112, 3))
    """kernel, stride, expansion, and of the smallest network channels and blocks"""
    SEEN = (0, 1, 2, 4)
    """Stages that end in a map that is looked at."""
    WIDTH, DEPTH = 1.0, 1.0

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, bias=False)
        self._bn0 = nn.BatchNorm2d(32, eps=1e-3)
        blocks, inputs, ends = [], 32, []
        for stage, (size, stride, expansion, channels, repeats) in enumerate(self.STAGES):
            outputs = round(channels * self.WIDTH / 8) * 8
            for i in range(ceil(repeats * self.DEPTH) if stage else repeats):
                blocks.append(_MobileBlock(inputs, outputs, size, stride if i == 0 else 1, expansion))
                inputs = outputs
            ends.append(len(blocks) - 1)
        self._blocks = nn.ModuleList(blocks)
        self.taps = [ends[stage] for stage in self.SEEN]

    def forward(self, x: Tensor) -> Iterator[Tensor]:
        x = relu6(self._bn0(self._conv_stem(_same(x, 3, 2))))
        for i, block in enumerate(self._blocks):
            x = block(x)
            if i in self.taps:
                yield x


class EfficientNetLite1(EfficientNetLite0):
    """Deeper; its weights were learned apart from the smaller one's."""

    bicubic_distance = 2.79
    DEPTH = 1.1


class EfficientNetLite2(EfficientNetLite0):
    """Deeper and wider, likewise."""

    bicubic_distance = 2.87
    WIDTH, DEPTH = 1.1, 1.2


class VGG16(nn.Module):
    """VGG16 (arXiv:1409.1556), its convolutions alone, and LPIPS's weights of the channels (arXiv:1801.03924)."""

    normalisation, bicubic_distance = IMAGENET, 0.438
    BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
    """channels of the convolutions between two poolings"""

    def __init__(self) -> None:
        super().__init__()
        widths = [3, *(width for block in self.BLOCKS for width in block)]
        self.features = nn.ModuleList(nn.Conv2d(*pair, 3, padding=1) for pair in pairwise(widths))
        self.channel_weights = nn.ParameterList(torch.ones(block[-1]) for block in self.BLOCKS)

    def forward(self, x: Tensor) -> Iterator[Tensor]:
        layers = iter(self.features)
        for i, block in enumerate(self.BLOCKS):
            x = max_pool2d(x, 2) if i else x
            for layer in islice(layers, len(block)):
                x = relu(layer(x), inplace=True)
            yield x


class AlexNet(nn.Module):
    """AlexNet (arXiv:1404.5997), its convolutions alone, and LPIPS's weights of the channels."""

    normalisation, bicubic_distance = IMAGENET, 0.531
    LAYERS = ((64, 11, 4, 2), (192, 5, 1, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1))
    """channels, kernel, stride, padding"""
    POOLED = (1, 2)
    """Max pooling comes before these."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *(layer[0] for layer in self.LAYERS))
        self.features = nn.ModuleList(nn.Conv2d(i, *sizes) for i, sizes in zip(inputs, self.LAYERS, strict=False))
        self.channel_weights = nn.ParameterList(torch.ones(layer[0]) for layer in self.LAYERS)

    def forward(self, x: Tensor) -> Iterator[Tensor]:
        for at, layer in enumerate(self.features):
            x = max_pool2d(x, 3, 2) if at in self.POOLED else x
            x = relu(layer(x), inplace=True)
            yield x
