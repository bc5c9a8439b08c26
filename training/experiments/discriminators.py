"""Discriminators that training's was chosen from."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu
from torch.nn.utils.parametrizations import spectral_norm

from training.discriminator import Discriminator
from training.perceptual import FeatureDistance, distance


class ProjectedDiscriminator(nn.Module):
    """Photos (N, 3, H, W) in [0, 1] to one map of logits for each of a frozen ImageNet network's feature maps.

    Small heads with spectral normalisation look at the features of a network that does not learn (Projected GANs,
    arXiv:2111.01007). Each step sees the photos turned and mirrored in another way, and darker or brighter by a quarter
    at most.
    """

    def __init__(self, seen: FeatureDistance, channels: int = 64) -> None:
        super().__init__()
        self.seen = seen.requires_grad_(False)
        with torch.no_grad():
            widths = [features.shape[1] for features in seen.features(torch.zeros(1, 3, 64, 64))]
        self.heads = nn.ModuleList(_Head(width, channels) for width in widths)

    def forward(self, photo: Tensor) -> list[Tensor]:
        maps = self.seen.features(_augmented(photo))
        return [head(features).float() for head, features in zip(self.heads, maps, strict=True)]

    def requires_grad_(self, requires_grad: bool = True) -> "ProjectedDiscriminator":
        """Of the heads alone: what they look at stays as it is."""
        self.heads.requires_grad_(requires_grad)
        return self


class BothDiscriminators(nn.Module):
    """The maps of logits of several discriminators; every map counts the same."""

    def __init__(self, *parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, photo: Tensor) -> list[Tensor]:
        return [logits for part in self.parts for logits in part(photo)]

    def requires_grad_(self, requires_grad: bool = True) -> "BothDiscriminators":
        for part in self.parts:
            part.requires_grad_(requires_grad)
        return self


class _Head(nn.Module):
    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.enter = spectral_norm(nn.Conv2d(inputs, channels, 1))
        self.middle = spectral_norm(nn.Conv2d(channels, channels, 3, padding=1))
        self.logits = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        return self.logits(leaky_relu(self.middle(leaky_relu(self.enter(features), 0.2)), 0.2))


def _augmented(photo: Tensor) -> Tensor:
    """All photos of a batch alike, real and generated ones, so that the change tells nothing."""
    turns, mirrored = int(torch.randint(4, ())), bool(torch.randint(2, ()))
    brightness = 0.75 + 0.5 * float(torch.rand(()))
    photo = torch.rot90(photo, turns, (2, 3))
    return (photo.flip(3) if mirrored else photo) * brightness


def _projected(features: str) -> nn.Module:
    return ProjectedDiscriminator(distance(features))


DISCRIMINATORS: dict[str, Callable[[int, str], nn.Module]] = {
    "U-Net": lambda channels, features: Discriminator(channels),  # noqa: ARG005
    "projected": lambda channels, features: _projected(features),  # noqa: ARG005
    "both": lambda channels, features: BothDiscriminators(Discriminator(channels), _projected(features)),
}
"""Each made of the U-Net's channels and the name of the network that the projected one looks through."""
