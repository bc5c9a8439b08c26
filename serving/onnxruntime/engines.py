"""Which engine runs a graph. SERVING_DEVICE says `gpu`, or `cpu` for what is fastest on this one.

To compare them: `openvino`, `ncnn`, or `onnxruntime-cpu`, which is the code of `gpu` without one.

INFERENCE=int8 takes the graph in eight bits, where the version has one and the CPU is fast at them.
"""

import os
import re
from pathlib import Path
from typing import Any

from validation import Refused, check

INT8 = "model.int8.onnx"
"""What export/to_onnx.py --int8 leaves beside the graph."""


def load(config: dict[str, Any], args: dict[str, str], path: Path, threads: int, cores: int):
    """The engine for SERVING_DEVICE, ready to run the graph in `path`, and what makes a sentence of its errors.

    Third, why the graph is not computed in eight bits where INFERENCE asks for that; else nothing.

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
        return loaded, found.reason, ""
    path, said = in_eight_bits(path) if os.environ.get("INFERENCE") == "int8" and device != "ncnn" else (path, "")
    loaded, reason = cpu_engine(device, path)
    check(config, loaded.graph)
    loaded.prepare(threads, cores, batched)
    return loaded, reason, said


def cpu_engine(device: str, path: Path):
    """ncnn where the CPU has no bfloat16 and the graph is one that it takes, else OpenVINO; or what `device` says.

    A graph in eight bits is OpenVINO's.
    """
    if device == "ncnn" or (device == "cpu" and path.name != INT8 and not has_bfloat16(_cpuinfo())):
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


def in_eight_bits(path: Path) -> tuple[Path, str]:
    """The graph in eight bits that lies beside `path`; or `path`, and why."""
    if not multiplies_bytes(_cpuinfo()):
        return path, "INFERENCE=int8: this CPU has no VNNI, so eight bits would not be faster; computing in float"
    eight = path.with_name(INT8)
    if not eight.is_file():
        return path, f"INFERENCE=int8: there is no {eight} (export/to_onnx.py --int8 PHOTOS); computing in float"
    return eight, ""


def multiplies_bytes(cpuinfo: str) -> bool:
    """Whether the processor multiplies numbers of 8 bits faster than longer ones."""
    return re.search(r"^flags\s*:.*\b(avx512_vnni|avx_vnni|amx_int8)\b", cpuinfo, re.MULTILINE) is not None


def _cpuinfo() -> str:
    return Path("/proc/cpuinfo").read_text()
