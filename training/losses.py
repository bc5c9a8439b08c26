"""What the generator learns from its photos, and the discriminator from its judgement."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, l1_loss, softplus

from training import SCALE
from training.metrics import neighbours

ROUNDING = 3 / 8 / 12 / 255**2
"""The power that rounding to bytes adds to each bin, for each px of a line under a Hann window."""


def pixel_loss(photo: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error, of [0, 1]."""
    return l1_loss(photo, truth)


def shown(photo: Tensor) -> Tensor:
    """The values that people see, [0, 1], with gradients as if nothing were clamped.

    What nobody sees must please no network. The pixel loss is to have the unclamped values: it draws them back.
    """
    return photo - (photo - photo.clamp(0, 1)).detach()


def low_frequency_loss(photo: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error of what is left after reduction by 4: generated detail must not shift tones or stain them."""
    return l1_loss(avg_pool2d(photo, SCALE), avg_pool2d(truth, SCALE))


def grid_loss(photo: Tensor, truth: Tensor) -> Tensor:
    """By how much periods of 4 and 2 px stand out more than in the truth, of their neighbouring frequencies' power.

    Pixel shuffle makes such a grid the cheapest texture there is, and feature distances take it for grain. The measure
    is the natural logarithm of power at the two periods over that of frequencies near them, along rows and columns,
    above that of the truth; 0.23 is one decibel. Sides are multiples of 4, of 40 px or more.
    """
    return (periods(photo) - periods(truth)).relu().mean() + (local_grid(photo) - local_grid(truth)).relu().mean()


def local_grid(photo: Tensor) -> Tensor:
    """(N, windows down, windows across): log of the power of a grid of single pixels over that of all fine differences.

    In windows of 16 px, since a grid that comes and goes, or changes its phase, stands out in none of a whole line's
    frequencies.
    """
    luma = _luma(photo)
    across, down = luma.diff(dim=2), luma.diff(dim=1)
    both = across.diff(dim=1).square()
    fine = across[:, 1:].square() + down[:, :, 1:].square()
    power = avg_pool2d(torch.stack([both, fine], 1), 16, 8) + 1 / 255**2
    return power[:, 0].log() - power[:, 1].log()


def periods(photo: Tensor) -> Tensor:
    """(N, 2 directions, 2 periods): log of the power at 4 and 2 px over that of the frequencies beside them."""
    luma = _luma(photo)
    return torch.stack([_standing_out(luma), _standing_out(luma.transpose(1, 2))], 1)


def _luma(photo: Tensor) -> Tensor:
    return photo.float().mul(photo.new_tensor((0.299, 0.587, 0.114)).float().view(1, 3, 1, 1)).sum(1)


def _standing_out(luma: Tensor) -> Tensor:
    length = luma.shape[2]
    lines = (luma - luma.mean(2, keepdim=True)) * torch.hann_window(length, device=luma.device)
    power = torch.fft.rfft(lines).abs().square().mean(1) + length * ROUNDING
    at = []
    for peak in (length // 4, length // 2):
        beside = power[:, neighbours(peak, length // 2)].log().mean(1)
        at.append(power[:, peak - 1 : peak + 2].mean(1).log() - beside)
    return torch.stack(at, 1)


def generator_loss(generated: Sequence[Tensor]) -> Tensor:
    """The generator's non-saturating loss (arXiv:1406.2661) on the discriminator's maps of logits."""
    return torch.stack([softplus(-logits).mean() for logits in generated]).mean()


def discriminator_loss(real: Sequence[Tensor], generated: Sequence[Tensor]) -> Tensor:
    """The discriminator's loss on its maps of logits: real photos positive, generated ones negative."""
    losses = [softplus(-r).mean() + softplus(g).mean() for r, g in zip(real, generated, strict=True)]
    return torch.stack(losses).mean()
