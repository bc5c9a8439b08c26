"""Which engine runs a graph. SERVING_DEVICE says `gpu`, or `cpu` for what is fastest on this one.

To compare them: `openvino`, `ncnn`, or `onnxruntime-cpu`, which is the code of `gpu` without one.
"""

import os
import re
from pathlib import Path
from typing import Any

from validation import Refused, check


def load(config: dict[str, Any], args: dict[str, str], path: Path, threads: int, cores: int):
    """The engine for SERVING_DEVICE, ready to run the graph in `path`, and what makes a sentence of its errors.

    `config` and `args` are Triton's. Each run gets so many threads, of so many cores. Raises Refused.
    Each engine is imported where it is used: the others need not be installed.
    """
    device = os.environ.get("SERVING_DEVICE", "cpu")
    batched = config["max_batch_size"] > 0
    if device in ("gpu", "onnxruntime-cpu"):
        import onnxruntime_engine as found

        number = int(args["model_instance_device_id"]) if args["model_instance_kind"] == "GPU" else 0
        providers = found.gpu_providers(config, number) if device == "gpu" else [(found.CPU, {})]
        loaded = found.Engine(path, providers, threads, batched)
        check(config, loaded.graph)
        return loaded, found.reason
    loaded, reason = cpu_engine(device, path)
    check(config, loaded.graph)
    loaded.prepare(threads, cores, batched)
    return loaded, reason


def cpu_engine(device: str, path: Path):
    """ncnn where the CPU has no bfloat16 and the graph is one that it takes, else OpenVINO; or what `device` says."""
    if device == "ncnn" or (device == "cpu" and not has_bfloat16(Path("/proc/cpuinfo").read_text())):
        try:
            import ncnn_engine

            return ncnn_engine.Engine(path), ncnn_engine.reason
        except (ImportError, Refused):
            if device == "ncnn":
                raise
    import openvino_engine

    return openvino_engine.Engine(path), openvino_engine.reason


def has_bfloat16(cpuinfo: str) -> bool:
    """Whether the processor multiplies numbers of 16 bits, which OpenVINO uses and ncnn does not use as well."""
    return re.search(r"^flags\s*:.*\b(amx_bf16|avx512_bf16)\b", cpuinfo, re.MULTILINE) is not None
