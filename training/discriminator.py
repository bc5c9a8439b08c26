"""The discriminator: criticises every place of a photo on its own, seeing it up close and from afar."""

from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pixel_unshuffle
from torch.nn.utils.parametrizations import spectral_norm


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Module:
    return spectral_norm(nn.Conv2d(inputs, outputs, size, stride, 1, bias=False))


class Discriminator(nn.Module):
    """Photos (N, 3, H, W) in [0, 1] to logits (N, 1, H/2, W/2): how real each 2x2 px look. H and W are multiples of 8.

    A U-Net with spectral normalisation (Real-ESRGAN, arXiv:2107.10833) that begins by folding 2x2 px into channels: at
    full resolution it would cost more than the generator that it trains.
    """

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        c = channels
        self.enter = nn.Conv2d(12, c, 3, padding=1)
        self.down1, self.down2 = _conv(c, 2 * c, 4, 2), _conv(2 * c, 4 * c, 4, 2)
        self.middle = _conv(4 * c, 4 * c)
        self.up1, self.up2 = _conv(4 * c, 2 * c), _conv(2 * c, c)
        self.last = _conv(c, c)
        self.judge = nn.Conv2d(c, 1, 3, padding=1)

    def forward(self, photo: Tensor) -> Tensor:
        near = leaky_relu(self.enter(pixel_unshuffle(photo - 0.5, 2)), 0.2)
        half = leaky_relu(self.down1(near), 0.2)
        far = leaky_relu(self.down2(half), 0.2)
        far = leaky_relu(self.middle(far), 0.2)
        half = half + leaky_relu(self.up1(_twice(far)), 0.2)
        near = near + leaky_relu(self.up2(_twice(half)), 0.2)
        return self.judge(leaky_relu(self.last(near), 0.2)).float()


def _twice(features: Tensor) -> Tensor:
    return interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
