import pytest
import torch

from training.features import EfficientNetLite0, FeaturesError, distance


@pytest.fixture(scope="module")
def lite0():
    return distance("lite0")


def test_no_distance_between_equals_and_more_for_more_noise(lite0):
    photo = torch.rand(2, 3, 64, 64)
    noise = torch.randn(2, 3, 64, 64)
    near, far = (lite0(photo + amount * noise, photo) for amount in (0.02, 0.2))
    torch.testing.assert_close(lite0(photo, photo), torch.zeros(2), atol=1e-4, rtol=0)
    assert (near < far).all()


def test_has_a_slope_everywhere_even_where_nothing_is_seen(lite0):
    photo = torch.zeros(1, 3, 64, 64, requires_grad=True)
    lite0(photo, torch.rand(1, 3, 64, 64)).sum().backward()
    assert photo.grad is not None
    assert photo.grad.isfinite().all()
    assert photo.grad.abs().sum() > 0


def test_any_network_of_feature_maps_will_do():
    assert distance("training.features:EfficientNetLite0")(torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)) > 0


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("squeezenet", "say where squeezenet's weights are"),
        ("squeezenet:/nowhere.pth", "no weights of a feature network at /nowhere.pth"),
        ("vgg", "no feature network named vgg"),
        ("training.features:NoSuchNet", "no feature network named"),
    ],
)
def test_what_cannot_be_had_is_named(name, sentence):
    with pytest.raises(FeaturesError, match=sentence):
        distance(name)


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save(EfficientNetLite0().state_dict(), tmp_path / "w.pth")
    with pytest.raises(FeaturesError, match="does not hold the weights of a SqueezeNet"):
        distance(f"squeezenet:{tmp_path / 'w.pth'}")
