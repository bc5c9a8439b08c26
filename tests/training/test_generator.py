import pytest
import torch
from safetensors.torch import save_file

from training.generator import Generator, Shape, WeightsError, load_weights, make_generator, parameters, save_weights


@pytest.fixture
def small() -> Generator:
    torch.manual_seed(1)
    return Generator(Shape(blocks=2, channels=16)).eval()


def test_gives_four_times_the_width_and_height(small):
    assert small(torch.rand(2, 3, 5, 9)).shape == (2, 3, 20, 36)


def test_starts_near_the_repeated_photo(small):
    photo = torch.rand(1, 3, 8, 8)
    assert (small(photo) - photo.repeat_interleave(4, 2).repeat_interleave(4, 3)).abs().mean() < 0.05


def test_sees_as_far_as_its_shape_says_and_no_farther(small):
    reach = small.shape.reach
    photo = torch.rand(1, 3, 2 * reach + 3, 2 * reach + 3, requires_grad=True)
    middle = 4 * (reach + 1)
    small(photo)[0, :, middle : middle + 4, middle : middle + 4].sum().backward()
    assert photo.grad is not None
    seen = photo.grad[0].abs().sum(0) > 0
    assert seen[1:-1, 1:-1][0].any()
    assert not seen[0].any()
    assert not seen[:, -1].any()


def test_grows_without_changing_what_it_does(small):
    photo = torch.rand(1, 3, 12, 10)
    grown = small.grow(4)
    assert parameters(grown) > parameters(small)
    torch.testing.assert_close(grown(photo), small(photo))


def test_does_not_shrink(small):
    with pytest.raises(WeightsError, match="cannot grow from 2 blocks down to 1"):
        small.grow(1)


def test_is_within_its_budget():
    assert parameters(load_weights()) <= 1_300_000


def test_a_trunk_at_half_resolution_costs_a_quarter_for_each_weight():
    whole, half = make_generator(Shape(2, 16)), make_generator(Shape(2, 16, fold=2))
    assert whole.operations == 9 * (3 * 16 + 5 * 16 * 16 + 16 * 48)
    trunk = 9 * (12 * 16 + 4 * 16 * 16 + 16 * 32)
    assert half.operations == trunk // 4 + 9 * (3 * 8 + 8 * 8 + 8 * 48) + 25 * 3 * 48


def test_weights_survive_the_file_in_half_precision(small, tmp_path):
    save_weights(small, tmp_path / "w.safetensors", step="7")
    photo = torch.rand(1, 3, 6, 6)
    torch.testing.assert_close(
        load_weights(tmp_path / "w.safetensors")(photo), small.half().float()(photo), rtol=0, atol=0
    )


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match="no weights at"):
        load_weights(tmp_path / "none.safetensors")


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(WeightsError, match="does not hold a generator"):
        load_weights(tmp_path / "w.safetensors")


def test_another_network_is_refused(tmp_path):
    save_file(
        {"weight": torch.zeros(3)},
        tmp_path / "w.safetensors",
        metadata={"network": "generator", "blocks": "2", "channels": "16"},
    )
    with pytest.raises(WeightsError, match="does not hold a generator"):
        load_weights(tmp_path / "w.safetensors")
