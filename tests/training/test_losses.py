import math

import pytest
import torch
from torch.nn.functional import avg_pool2d

from training import losses
from training.discriminator import Discriminator
from training.metrics import luma, periods


def test_pixel_is_the_mean_absolute_error():
    assert losses.pixel_loss(torch.full((1, 3, 8, 8), 0.75), torch.full((1, 3, 8, 8), 0.5)) == pytest.approx(0.25)


def test_low_frequency_loss_sees_a_stain_and_no_grain():
    truth = torch.full((1, 3, 8, 8), 0.5)
    grain = truth.clone()
    grain[..., ::2] += 0.2
    grain[..., 1::2] -= 0.2
    stain = truth.clone()
    stain[:, 0] += 0.3
    assert losses.low_frequency_loss(grain, truth) == pytest.approx(0, abs=1e-6)
    assert losses.low_frequency_loss(stain, truth) == pytest.approx(0.1)


def test_overshoot_is_not_seen_and_still_has_its_gradient():
    photo = torch.tensor([-0.5, 0.25, 1.5], requires_grad=True)
    shown = losses.shown(photo)
    torch.testing.assert_close(shown.detach(), torch.tensor([0, 0.25, 1]))
    shown.square().sum().backward()
    torch.testing.assert_close(photo.grad, 2 * shown.detach())


def test_grid_loss_sees_a_grid_and_no_other_grain(photos):
    truth = torch.from_numpy(photos[0][100:228, 100:228].copy()).permute(2, 0, 1)[None] / 255
    grid = truth.clone()
    grid[..., ::4, ::4] += 0.1
    torch.manual_seed(0)
    grain = truth + 0.15 * avg_pool2d(torch.randn_like(truth), 3, 1, 1)
    assert losses.grid_loss(truth, truth) == 0
    assert losses.grid_loss(grain, truth) < 0.25
    assert losses.grid_loss(grid, truth) > 4 * losses.grid_loss(grain, truth)


def test_grid_loss_sees_a_grid_of_single_pixels_that_changes_its_phase(photos):
    """It stands out in none of a line's frequencies, and is seen all the same."""
    truth = torch.from_numpy(photos[0][100:228, 100:228].copy()).permute(2, 0, 1)[None] / 255
    signs = torch.ones(128, 128)
    signs[::2] *= -1
    signs[:, ::2] *= -1
    torch.manual_seed(0)
    phases = (torch.rand(32, 32) > 0.5).float().mul(2).sub(1).repeat_interleave(4, 0).repeat_interleave(4, 1)
    gridded = truth + 0.03 * signs * phases
    lines = (losses.periods(gridded) - losses.periods(truth)).relu().mean()
    assert losses.grid_loss(gridded, truth) > 4 * lines


def test_the_periods_of_grid_loss_are_the_measure_of_evaluation(photos):
    """Both see the same surplus in a grid, but for their weights of the colours."""
    photo = photos[0][100:228, 100:228].copy()
    photo[::4] = photo[::4] // 8 * 7
    theirs = periods(luma(photo)) / 10 * math.log(10)
    ours = losses.periods(torch.from_numpy(photo).permute(2, 0, 1)[None] / 255).flatten()
    torch.testing.assert_close(ours, torch.tensor(theirs, dtype=torch.float32), atol=0.1, rtol=0)


def test_undecided_logits_cost_ln_2():
    zero = torch.zeros(2, 1, 4, 4)
    assert losses.generator_loss([zero]) == pytest.approx(math.log(2))
    assert losses.discriminator_loss([zero], [zero]) == pytest.approx(2 * math.log(2))


def test_each_side_gains_from_what_it_wants():
    sure = torch.full((1, 1, 4, 4), 3.0)
    assert losses.generator_loss([sure]) < losses.generator_loss([-sure])
    assert losses.discriminator_loss([sure], [-sure]) < losses.discriminator_loss([-sure], [sure])


def test_the_discriminator_judges_every_pixel_and_every_4x4():
    near, far = Discriminator(channels=8)(torch.rand(2, 3, 64, 48))
    assert near.shape == (2, 1, 64, 48)
    assert far.shape == (2, 1, 16, 12)
    (near.sum() + far.sum()).backward()
