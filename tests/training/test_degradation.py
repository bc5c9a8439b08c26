import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter1d

from training import degradation
from training.degradation import Degradation, Jpeg, Noise, Resizing, Sharpening, WebP, sample_degradation
from training.kernels import (
    REDUCTIONS,
    blur_matrix,
    box_taps,
    disc_kernel,
    gaussian_taps,
    motion_kernel,
    reduction_matrix,
)

PILLOW = {
    "bicubic": Image.Resampling.BICUBIC,
    "area": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("how", REDUCTIONS)
def test_reduces_as_pillow_does(photos, how):
    photo = photos[0][:256, :320] // 2 + 60  # within what Pillow need not clip between the two directions
    ours = Degradation(reduction=how)(photo, RNG)
    pillow = np.asarray(Image.fromarray(photo).resize((80, 64), PILLOW[how]))
    assert np.abs(ours.astype(int) - pillow).max() <= 1  # it also rounds between them


@given(st.floats(0.1, 3), st.integers(16, 60))
def test_blurs_as_scipy_does(sigma, length):
    line = np.random.default_rng(length).random(length)
    wanted = gaussian_filter1d(line, sigma, mode="mirror", radius=len(gaussian_taps(sigma)) // 2)
    np.testing.assert_allclose(blur_matrix(length, gaussian_taps(sigma)) @ line, wanted, atol=1e-5)


@given(st.floats(1, 9))
def test_a_box_of_any_width_keeps_brightness_and_spreads_as_wide(width):
    taps = box_taps(width)
    assert taps.sum() == pytest.approx(1)
    assert len(taps) % 2 == 1
    assert 1 / taps.max() == pytest.approx(width)


@given(st.sampled_from(sorted(REDUCTIONS)), st.integers(1, 40))
def test_every_reduction_keeps_brightness(how, small):
    np.testing.assert_allclose(reduction_matrix(4 * small, how).sum(1), 1, rtol=1e-5)


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_any_draw_gives_a_small_photo_and_the_same_one_again(seed):
    photo = np.random.default_rng(3).integers(0, 256, (64, 96, 3), np.uint8)

    def once():
        rng = np.random.default_rng(seed)
        return sample_degradation(rng)(photo, rng)

    small = once()
    assert small.shape == (16, 24, 3)
    assert small.dtype == np.uint8
    np.testing.assert_array_equal(small, once())


def test_samples_reach_every_kind():
    rng = np.random.default_rng(0)
    drawn = [sample_degradation(rng) for _ in range(2000)]
    assert {d.reduction for d in drawn} == set(REDUCTIONS)
    assert {type(step) for d in drawn for step in d.steps} == {Jpeg, Noise, Resizing, Sharpening, WebP}
    assert max(sum(isinstance(step, Jpeg) for step in d.steps) for d in drawn) == 3
    assert any(d.kernel is not None for d in drawn)
    assert any(d is degradation.CLEAN for d in drawn)


def test_one_pair_in_seven_is_sharpened_and_a_third_or_more_is_not_troubled(monkeypatch):
    rng, troubled = np.random.default_rng(0), []
    whole = degradation.sample_troubled
    monkeypatch.setattr(degradation, "sample_troubled", lambda rng: troubled.append(whole(rng)) or troubled[-1])
    for _ in range(2000):
        sample_degradation(rng)
    sharpened = [d for d in troubled if any(isinstance(step, Sharpening) for step in d.steps)]
    assert len(sharpened) / 2000 == pytest.approx(0.15, abs=0.03)
    assert len(troubled) / 2000 < 2 / 3


@pytest.mark.parametrize("kernel", [disc_kernel(7.0), motion_kernel(14.0, 1.57)])
def test_a_kernel_keeps_brightness_and_takes_detail(photos, kernel):
    photo = photos[0][:128, :128]
    blurred, plain = Degradation(kernel=kernel)(photo, RNG), Degradation()(photo, RNG)
    assert blurred.mean() == pytest.approx(plain.mean(), abs=2)
    assert np.abs(np.diff(blurred.astype(int), axis=0)).mean() < 0.8 * np.abs(np.diff(plain.astype(int), axis=0)).mean()


def test_noise_is_as_strong_as_it_says():
    flat = np.full((64, 64, 3), 127.5, np.float32)
    assert Noise(10.0)(flat, RNG).std() == pytest.approx(10, rel=0.05)
    assert Noise(10.0, signal=1.0, blur=0.8)(flat, RNG).std() == pytest.approx(10, rel=0.1)
    grey = Noise(10.0, grey=True)(flat, RNG)
    np.testing.assert_array_equal(grey[..., 0], grey[..., 2])
