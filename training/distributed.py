"""Several processes, one training: each takes its share of every batch, then all agree on the gradients.

The networks are small, so one all-reduce of all gradients is as fast as DistributedDataParallel's buckets, and plain.
"""

import os
from collections.abc import Iterable
from contextlib import contextmanager

import torch

# Imported before there is a group, because its functions take the group as a default argument. Otherwise the first
# optimizer imports it, and the group's threads live until the interpreter ends, where they can abort a good run.
import torch.distributed.nn
from torch import Tensor, distributed


class DeviceError(ValueError):
    """No such device is here; the message says so."""


def choose_device(name: str | None) -> torch.device:
    """The device of this name; without one CUDA where there is one, else the CPU. Raises DeviceError."""
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError:
        raise DeviceError(f"there is no device {name}: it is cpu or cuda") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        build = f"PyTorch {torch.__version__} is built for {torch.version.cuda or 'CPUs only'}"
        raise DeviceError(f"PyTorch finds no NVIDIA GPU here ({build}): check the driver with nvidia-smi")
    return device


@contextmanager
def group(device: str | None):
    """Join the processes that `torchrun` started, where it started any; yields (device, rank, how many).

    The device is that of `choose_device`. On a machine with several GPUs each process takes the one of its own number.
    Raises DeviceError.
    """
    own = choose_device(device)
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield own, 0, 1
        return
    if own.type == "cuda":
        own = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(own)
    distributed.init_process_group("nccl" if own.type == "cuda" else "gloo")
    try:
        yield own, distributed.get_rank(), distributed.get_world_size()
    finally:
        distributed.destroy_process_group()


def is_first() -> bool:
    """Whether this process speaks to people: the only one, or of those that `torchrun` started the first."""
    return os.environ.get("RANK", "0") == "0"


def largest(value: float) -> float:
    """The largest of all processes' values."""
    if not distributed.is_initialized():
        return value
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    found = torch.tensor(value, dtype=torch.float64, device=device)
    distributed.all_reduce(found, distributed.ReduceOp.MAX)
    return found.item()


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Replace every gradient with its mean over all processes."""
    if not distributed.is_initialized():
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    for gradient, averaged in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(averaged.view_as(gradient))
