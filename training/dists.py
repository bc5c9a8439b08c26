"""DISTS (arXiv:2004.07728): how unlike two photos are in structure and texture, as VGG16 sees them."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, relu

from training.perceptual import FeaturesError, distance, packaged_file
from training.perceptual_networks import VGG16

INSTALL = "--no-deps DISTS_pytorch==0.1"


class Dists(nn.Module):
    """Photos (N, 3, H, W) in [0, 1], and their truths, to (N,): 0 for equals. A judge: never a loss.

    VGG16 is that of LPIPS's package, with L2 pooling in place of the largest. Raises FeaturesError where it or the
    weights cannot be had.
    """

    WIDTHS = (3, 64, 128, 256, 512, 512)
    kernel: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.network = network = VGG16()
        network.load_state_dict(distance("vgg16").network.state_dict())
        network.requires_grad_(False)
        for name in ("mean", "deviation"):
            self.register_buffer(name, torch.tensor(network.normalisation[name == "deviation"]).view(1, 3, 1, 1))
        taps = torch.tensor(np.hanning(5)[1:-1], dtype=torch.float32)
        self.register_buffer("kernel", (taps[:, None] * taps / taps.sum() ** 2)[None, None])
        self.texture, self.structure = _weights(packaged_file("DISTS_pytorch", "weights.pt", INSTALL), self.WIDTHS)

    def forward(self, photo: Tensor, truth: Tensor) -> Tensor:
        alike = torch.zeros(len(photo))
        layers = zip(self._maps(photo), self._maps(truth), self.texture, self.structure, strict=True)
        for f, g, texture, structure in layers:
            mean_f, mean_g = f.mean((2, 3)), g.mean((2, 3))
            var_f, var_g = f.var((2, 3), correction=0), g.var((2, 3), correction=0)
            covariance = (f * g).mean((2, 3)) - mean_f * mean_g
            tiny = 1e-6
            alike += (texture * (2 * mean_f * mean_g + tiny) / (mean_f**2 + mean_g**2 + tiny)).sum(1)
            alike += (structure * (2 * covariance + tiny) / (var_f + var_g + tiny)).sum(1)
        return 1 - alike

    def _maps(self, photo: Tensor) -> list[Tensor]:
        maps, x = [photo], (photo - self.mean) / self.deviation
        layers = iter(self.network.features)
        for i, block in enumerate(self.network.BLOCKS):
            x = self._pooled(x) if i else x
            for _ in block:
                x = relu(next(layers)(x))
            maps.append(x)
        return maps

    def _pooled(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        kernel = self.kernel.expand(channels, 1, 3, 3)
        return (conv2d(x.square(), kernel, stride=2, padding=1, groups=channels) + 1e-12).sqrt()


def _weights(path: Path, widths: Sequence[int]) -> tuple[list[Tensor], list[Tensor]]:
    """Of textures and of structures, (C,) for each map; together they are 1."""
    try:
        kept = torch.load(path, "cpu", weights_only=True)
        whole = kept["alpha"].sum() + kept["beta"].sum()
        ends = [0, *np.cumsum(widths)]
        texture, structure = (
            [(kept[name] / whole).flatten()[begin:end] for begin, end in pairwise(ends)] for name in ("alpha", "beta")
        )
    except Exception as error:
        raise FeaturesError(f"{path} does not hold the weights of DISTS: {error}") from error
    return texture, structure
