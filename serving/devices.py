"""Which device runs the models: the NVIDIA GPU where there is one and what it needs is installed, else the CPU."""

import ctypes
import importlib.util
import sys
from pathlib import Path

from serving.errors import Unsupported

CHOICES = ("auto", "cpu", "gpu", "openvino", "ncnn", "onnxruntime-cpu")
ARITHMETICS = ("float", "int8")
"""What a CPU computes in: float is bfloat16 where it is fast at that."""
PACKAGES = Path(sys.prefix) / "gpu"
"""Where `make .venv/gpu` puts ONNX Runtime for CUDA: beside the one for CPUs, whose name and files are the same."""
INSTALL = "run `make .venv/gpu` (2 GB)"


def gpus() -> list[str]:
    """The names of the NVIDIA GPUs that the driver shows to this process; none without a driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return []
    count, device, name = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(100)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return []
    found = []
    for number in range(count.value):
        if not driver.cuDeviceGet(ctypes.byref(device), number) and not driver.cuDeviceGetName(name, 100, device):
            found.append(name.value.decode(errors="replace"))
    return found


def choose(wanted: str, found: list[str], packages: Path = PACKAGES) -> tuple[str, str]:
    """What SERVING_DEVICE is to be, and what to tell the person, if anything. Raises Unsupported.

    `found` are the names of the GPUs.
    """
    installed = (packages / "onnxruntime").is_dir()
    if wanted == "onnxruntime-cpu" and not installed and not importlib.util.find_spec("onnxruntime"):
        raise Unsupported("--device onnxruntime-cpu: ONNX Runtime is not installed: run `make .venv/export`")
    if wanted not in ("auto", "gpu"):
        return wanted, ""
    if wanted == "gpu" and not found:
        raise Unsupported("--device gpu: the NVIDIA driver shows no GPU here (nvidia-smi tells more)")
    if wanted == "gpu" and not installed:
        raise Unsupported(f"--device gpu: ONNX Runtime for CUDA is not installed: {INSTALL}")
    if not found:
        return "cpu", ""
    if not installed:
        return "cpu", f"on the CPU, though there is a GPU ({found[0]}): to use it, {INSTALL}"
    return "gpu", f"on {len(found)} x {found[0]}" if len(found) > 1 else f"on {found[0]}"
