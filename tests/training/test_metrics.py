import numpy as np
import pytest
from skimage.metrics import structural_similarity

from tests.training import judge
from training.dists import Dists
from training.evaluation import perceptual
from training.inference import bicubic
from training.metrics import consistency, detail, grid, luma, psnr_y, ssim_y
from training.perceptual import distance


def test_luma_spans_the_studio_range():
    assert luma(np.zeros((1, 1, 3), np.uint8)) == pytest.approx(16)
    assert luma(np.full((1, 1, 3), 255, np.uint8)) == pytest.approx(235)


def test_psnr_of_a_known_error():
    truth = np.full((40, 40, 3), 100, np.uint8)
    step = (65.481 + 128.553 + 24.966) / 255  # of luma for one step of grey
    assert psnr_y(truth + np.uint8(10), truth) == pytest.approx(20 * np.log10(255 / (10 * step)))
    assert psnr_y(truth, truth) == float("inf")


def test_ssim_is_that_of_scikit_image(photos):
    truth = photos[0][:200, :200]
    photo = np.roll(truth, 1, 0)
    a, b = (luma(p)[4:-4, 4:-4] for p in (photo, truth))
    similarity = structural_similarity(
        a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    assert ssim_y(photo, truth) == pytest.approx(np.asarray(similarity[1])[5:-5, 5:-5].mean(), abs=1e-6)


def test_scores_are_the_judges():
    truth = judge.truth()
    photo = bicubic(truth[::4, ::4])
    wanted = judge.record()["scores"]
    assert psnr_y(photo, truth) == pytest.approx(wanted["psnr"])
    assert ssim_y(photo, truth) == pytest.approx(wanted["ssim"])
    assert detail(photo, truth) == pytest.approx(wanted["detail"])
    assert grid(photo, truth) == pytest.approx(wanted["grid"], abs=1e-6)
    for judge_of in (distance("lite0"), distance("alexnet"), Dists()):
        name = {"EfficientNetLite0": "lite0", "AlexNet": "lpips", "VGG16": "dists"}[type(judge_of.network).__name__]
        assert perceptual(photo, truth, judge_of) == pytest.approx(wanted[name], rel=1e-3)


def test_grid_finds_a_grid_and_detail_its_grain(photos):
    truth = photos[0][100:228, 100:228]
    gridded = truth.copy()
    gridded[:, ::4] = np.minimum(gridded[:, ::4].astype(int) + 20, 255)
    assert grid(truth, truth) == 0
    assert grid(gridded, truth) > 5
    assert detail(gridded, truth) > 1.05
    assert detail(bicubic(truth[::4, ::4]), truth) < 0.6


def test_consistency_is_perfect_only_for_what_gives_the_small_photo_back(photos):
    small = photos[0][:64:2, :64:2].copy()
    repeated = small.repeat(4, 0).repeat(4, 1)
    assert consistency(np.full_like(repeated, 7), np.full_like(small, 7)) == float("inf")
    assert consistency(bicubic(small), small) > consistency(np.roll(bicubic(small), 4, 0), small) + 6
