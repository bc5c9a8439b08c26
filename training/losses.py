"""What the generator is told about its photos, and the discriminator about its judgement."""

from torch import Tensor
from torch.nn.functional import avg_pool2d, l1_loss, pixel_unshuffle, softplus

from training.degradation import SCALE


def pixel(photo: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error, of [0, 1]."""
    return l1_loss(photo, truth)


def colour(photo: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error of what is left after reduction by 4: forged detail must not shift tones or stain them."""
    return l1_loss(avg_pool2d(photo, SCALE), avg_pool2d(truth, SCALE))


def lattice(photo: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error of the pattern that repeats every 4 px within 32 x 32 px.

    Pixel shuffle makes such a pattern the cheapest texture there is, and feature distances take it for grain. Sides are
    multiples of 4.
    """

    def pattern(image: Tensor) -> Tensor:
        cells = pixel_unshuffle(image, SCALE).unflatten(1, (3, SCALE**2))
        cells = cells - cells.mean(2, keepdim=True)
        return avg_pool2d(cells.flatten(1, 2), min(8, *cells.shape[-2:]))

    return l1_loss(pattern(photo), pattern(truth))


def deceive(forged: Tensor) -> Tensor:
    """The generator's non-saturating loss (arXiv:1406.2661) on the discriminator's logits of its photos."""
    return softplus(-forged).mean()


def discern(real: Tensor, forged: Tensor) -> Tensor:
    """The discriminator's loss on its logits: real photos positive, forged ones negative."""
    return softplus(-real).mean() + softplus(forged).mean()
