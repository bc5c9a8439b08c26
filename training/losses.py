"""What the generator learns from its photos, and the discriminator from its judgement."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, l1_loss, pixel_unshuffle, softplus

from training.degradation import SCALE


def pixel_loss(photo: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error, of [0, 1]."""
    return l1_loss(photo, truth)


def low_frequency_loss(photo: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error of what is left after reduction by 4: generated detail must not shift tones or stain them."""
    return l1_loss(avg_pool2d(photo, SCALE), avg_pool2d(truth, SCALE))


def grid_loss(photo: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error of the pattern that repeats every 4 px within 12 x 12 px.

    Pixel shuffle makes such a pattern the cheapest texture there is, and feature distances take it for grain. Sides are
    multiples of 4.
    """

    def pattern(image: Tensor) -> Tensor:
        cells = pixel_unshuffle(image, SCALE).unflatten(1, (3, SCALE**2))
        cells = cells - cells.mean(2, keepdim=True)
        return avg_pool2d(cells.flatten(1, 2), min(3, *cells.shape[-2:]), stride=1)

    return l1_loss(pattern(photo), pattern(truth))


def generator_loss(generated: Sequence[Tensor]) -> Tensor:
    """The generator's non-saturating loss (arXiv:1406.2661) on the discriminator's maps of logits."""
    return torch.stack([softplus(-logits).mean() for logits in generated]).mean()


def discriminator_loss(real: Sequence[Tensor], generated: Sequence[Tensor]) -> Tensor:
    """The discriminator's loss on its maps of logits: real photos positive, generated ones negative."""
    losses = [softplus(-r).mean() + softplus(g).mean() for r, g in zip(real, generated, strict=True)]
    return torch.stack(losses).mean()
