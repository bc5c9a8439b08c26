import runpy
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter1d

from training.degradation import (
    REDUCTIONS,
    Degradation,
    blur_matrix,
    box_taps,
    draw,
    gaussian_taps,
    reduction_matrix,
    validation,
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
        return draw(rng)(photo, rng)

    small = once()
    assert small.shape == (16, 24, 3)
    assert small.dtype == np.uint8
    np.testing.assert_array_equal(small, once())


def test_draws_reach_every_kind():
    rng = np.random.default_rng(0)
    drawn = [draw(rng) for _ in range(2000)]
    assert {d.reduction for d in drawn} == set(REDUCTIONS)
    assert {d.blur for d in drawn} == {"none", "gaussian", "box"}
    assert {len(d.jpegs) for d in drawn} == {0, 1, 2}
    assert {s for d in drawn for _, s in d.jpegs} == {0, 2}


@pytest.mark.parametrize("kind", ["clean", "shared"])
def test_validation_is_the_judges_recipe_to_the_bit(shared, kind):
    folder = shared / "data" / "validation"
    judge = SimpleNamespace(**runpy.run_path(str(folder / "degrade.py")))
    for name in ("baboon", "comic", "zebra"):
        truth = judge.truth(folder / "set14" / f"{name}.png")
        np.testing.assert_array_equal(
            validation(truth, kind, f"set14/{name}"), judge.degrade(truth, kind, "set14", name)
        )


def test_an_unknown_validation_is_named(photos):
    with pytest.raises(ValueError, match="no such degradation: foggy"):
        validation(photos[0], "foggy", "a/b")


def test_shows_a_page_of_pairs(tmp_path, photos, monkeypatch):
    from training import degradation

    Image.fromarray(photos[0]).save(tmp_path / "one.png")
    page = tmp_path / "pairs.png"
    monkeypatch.setattr(sys, "argv", ["degradation.py", "--show", str(page), "--photos", str(tmp_path)])
    degradation.main()
    with Image.open(page) as image:
        assert image.width > 300
        assert len(image.getcolors(1 << 24) or []) > 1000
