import numpy as np
import pytest
from PIL import Image

from training.dataset import Pairs, PhotosError, find_photos, read_photo, read_reduced, split, texture


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


@pytest.mark.parametrize(("side", "reduced"), [(1000, 1000), (1200, 800), (2240, 1120)])
def test_a_large_photo_is_reduced_as_it_is_read_and_never_again(tmp_path, side, reduced):
    """Half of 2240 px is still large."""
    Image.new("RGB", (side, side)).save(tmp_path / "a.png")
    photo = read_reduced(tmp_path / "a.png")
    assert photo.shape == (reduced, reduced, 3)
    assert Pairs([photo], 16).photos[0] is photo
    assert read_photo(tmp_path / "a.png").shape == (side, side, 3)


def test_one_photo_in_forty_is_held_out_and_a_single_one_is_both(tmp_path):
    files = [tmp_path / f"{i:02}.png" for i in range(41)]
    learned, evaluated = split(files)
    assert (evaluated, learned) == ([files[0], files[40]], files[1:40])
    assert split(files[:1]) == (files[:1], files[:1])


def test_a_file_that_is_no_photo_is_named(tmp_path):
    (tmp_path / "a.jpg").write_text("no photo")
    with pytest.raises(PhotosError, match=r"a\.jpg is not a photo"):
        read_photo(tmp_path / "a.jpg")


@pytest.mark.parametrize(("name", "kind"), [("a.png", "<u2"), ("a.tif", "<u2"), ("b.tif", ">u2"), ("i.tif", "<i4")])
def test_grey_of_16_bits_keeps_its_brightness(tmp_path, photos, name, kind):
    grey = photos[0][:40, :60, 1]
    mode = {"<u2": "I;16", ">u2": "I;16B", "<i4": "I"}[kind]
    Image.frombytes(mode, (60, 40), (grey.astype(int) * 257 + 100).astype(kind).tobytes()).save(tmp_path / name)
    with Image.open(tmp_path / name) as image:
        assert image.mode == mode
    np.testing.assert_array_equal(read_photo(tmp_path / name), grey[..., None].repeat(3, 2))


def test_what_is_transparent_is_white_whatever_colour_it_hides(tmp_path):
    pixels = np.full((4, 3, 4), (200, 100, 50, 255), np.uint8)
    pixels[0, :, 3], pixels[1, :, 3] = 0, 51
    Image.fromarray(pixels).save(tmp_path / "a.png")
    palette = Image.new("P", (2, 1))
    palette.putpalette((9, 9, 9, 200, 100, 50))
    palette.putdata([0, 1])
    palette.save(tmp_path / "p.png", transparency=0)
    column = [[255, 255, 255], [244, 224, 214], [200, 100, 50], [200, 100, 50]]
    assert read_photo(tmp_path / "a.png")[:, 0].tolist() == column
    assert read_photo(tmp_path / "p.png").tolist() == [[[255, 255, 255], [200, 100, 50]]]


def test_photos_are_read_upright(tmp_path, photos):
    image = Image.fromarray(photos[1])
    exif = Image.Exif()
    exif[274] = 6  # to be turned a quarter right
    image.save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_photo(tmp_path / "turned.png"), np.rot90(photos[1], -1))
