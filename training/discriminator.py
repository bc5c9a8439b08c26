"""The discriminator: tells real photos from generated ones at every single pixel, and at every 4x4 of them."""

from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu
from torch.nn.utils.parametrizations import spectral_norm


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Module:
    return spectral_norm(nn.Conv2d(inputs, outputs, size, stride, 1, bias=False))


class Discriminator(nn.Module):
    """Photos (N, 3, H, W) in [0, 1] to two maps of logits, (N, 1, H, W) and (N, 1, H/4, W/4).

    H and W are multiples of 8.

    A U-Net with spectral normalisation (Real-ESRGAN, arXiv:2107.10833) at full resolution: one that first folds 2x2 px
    into channels does not see the grid that pixel shuffle leaves, and lets it grow.
    """

    def __init__(self, channels: int = 48) -> None:
        super().__init__()
        c = channels
        self.enter = nn.Conv2d(3, c, 3, padding=1)
        self.down1, self.down2, self.down3 = _conv(c, 2 * c, 4, 2), _conv(2 * c, 4 * c, 4, 2), _conv(4 * c, 8 * c, 4, 2)
        self.up3, self.up2, self.up1 = _conv(8 * c, 4 * c), _conv(4 * c, 2 * c), _conv(2 * c, c)
        self.last = _conv(c, c)
        self.far_logits = nn.Conv2d(4 * c, 1, 3, padding=1)
        self.near_logits = nn.Conv2d(c, 1, 3, padding=1)

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        full = leaky_relu(self.enter(photo - 0.5), 0.2)
        half = leaky_relu(self.down1(full), 0.2)
        quarter = leaky_relu(self.down2(half), 0.2)
        eighth = leaky_relu(self.down3(quarter), 0.2)
        quarter = quarter + leaky_relu(self.up3(_twice(eighth)), 0.2)
        half = half + leaky_relu(self.up2(_twice(quarter)), 0.2)
        full = full + leaky_relu(self.up1(_twice(half)), 0.2)
        return self.near_logits(leaky_relu(self.last(full), 0.2)).float(), self.far_logits(quarter).float()


def _twice(features: Tensor) -> Tensor:
    return interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
