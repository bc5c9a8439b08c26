import numpy as np
import pytest
from PIL import Image

from training.dataset import Pairs, PhotosError, find_photos, read_photo, texture


def test_a_pair_is_the_same_for_the_same_seed_and_number(photos):
    one, two, other = Pairs(photos, 24, seed=5), Pairs(photos, 24, seed=5), Pairs(photos, 24, seed=6)
    for i in (0, 7, 12345678901):
        for a, b in zip(one[i], two[i], strict=True):
            assert (a == b).all()
    assert (one[0][1] != other[0][1]).any()
    assert (one[0][1] != one[1][1]).any()


def test_small_and_truth_show_the_same_place(photos):
    pairs = Pairs(photos, 24)
    for i in range(20):
        small, truth = (t.numpy().astype(float) for t in pairs[i])
        assert small.shape == (3, 24, 24)
        assert truth.shape == (3, 96, 96)
        reduced = truth.reshape(3, 24, 4, 24, 4).mean((2, 4))
        aligned = np.corrcoef(reduced.ravel(), small.ravel())[0, 1]
        shifted = np.corrcoef(np.roll(reduced, 3, 2).ravel(), small.ravel())[0, 1]
        assert aligned > 0.6  # however noisy or blurred
        assert aligned > shifted


def test_textured_crops_are_shown_more_often_than_their_area(photos):
    half = np.full_like(photos[0], 128)
    half[:, half.shape[1] // 2 :] = photos[0][:, half.shape[1] // 2 :]
    flat = sum(Pairs([half], 16)[i][1].numpy().std() < 1 for i in range(200))
    crop = 4 * (16 + 16)
    share = (half.shape[1] // 2 - crop) / (half.shape[1] - crop)
    assert flat < 200 * share * 0.5


def test_texture_orders_smooth_before_rough(photos):
    assert texture(np.full((64, 64, 3), 9, np.uint8)) == 0
    assert texture(photos[0][:64, :64]) < texture(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(PhotosError, match="no photos in"):
        find_photos(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(PhotosError, match="no folder of photos"):
        find_photos(tmp_path / "none")


def test_photos_too_small_are_named(photos):
    with pytest.raises(PhotosError, match="every photo is smaller than 256x256"):
        Pairs([photos[0][:200, :200]], 48)


def test_a_file_that_is_no_photo_is_named(tmp_path):
    (tmp_path / "a.jpg").write_text("no photo")
    with pytest.raises(PhotosError, match=r"a\.jpg is not a photo"):
        read_photo(tmp_path / "a.jpg")


def test_photos_are_read_upright(tmp_path, photos):
    image = Image.fromarray(photos[1])
    exif = Image.Exif()
    exif[274] = 6  # to be turned a quarter right
    image.save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_photo(tmp_path / "turned.png"), np.rot90(photos[1], -1))
