"""Eight-bit arithmetic: how much faster OpenVINO computes the graph, and what it costs in decibels.

usage: python -m benchmarks.int8 PHOTOS VALIDATION [--output FOLDER]

Calibrated on photos of its own (PHOTOS), judged on others (VALIDATION), all reduced by four with Pillow's bicubic
filter. It needs nncf, and an environment of its own: `pip install nncf openvino ncnn pillow psutil scipy`.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks import baselines, machine, report
from benchmarks.served_graph import Run, served_graph

if TYPE_CHECKING:
    import openvino

SCALE, TILE, CALIBRATION = 4, 256, 64
FASTER, LOST = 1.5, 0.05
SUFFIXES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class Arithmetic:
    """One way to compute: CPU milliseconds for a 256x256 tile on one thread, mean PSNR of luma in dB."""

    name: str
    cpu: float
    psnr: float


def photos(folder: Path) -> Iterator[np.ndarray]:
    """uint8 (H, W, 3), sides multiples of 4."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        with Image.open(path) as photo:
            pixels = np.asarray(photo.convert("RGB"))
        yield pixels[: pixels.shape[0] // SCALE * SCALE, : pixels.shape[1] // SCALE * SCALE]


def reduced(photo: np.ndarray) -> np.ndarray:
    size = (photo.shape[1] // SCALE, photo.shape[0] // SCALE)
    return np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BICUBIC))


def judged(name: str, run: Run, truths: list[np.ndarray]) -> Arithmetic:
    from training.metrics import psnr_y

    tile = baselines.noise(TILE)[0]
    psnr = float(np.mean([psnr_y(run([reduced(truth)])[0], truth) for truth in truths]))
    return Arithmetic(name, milliseconds(lambda: run([tile])), psnr)


def compiled(model: openvino.Model | Path) -> Run:
    """A graph in OpenVINO, on one thread."""
    request = baselines.one_thread(model)

    def run(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        (picture,) = pictures
        request.infer([picture[None]], share_inputs=True)
        return [request.get_output_tensor().data[0]]

    return run


def milliseconds(work: Callable[[], object], times: int = 20) -> float:
    """CPU time of one of the fastest half."""
    work()
    each = []
    for _ in range(times):
        begin = time.process_time()
        work()
        each.append(time.process_time() - begin)
    return 1e3 * float(np.mean(sorted(each)[: times // 2]))


def quantized(path: Path, calibration: list[np.ndarray], whole: bool) -> openvino.Model:
    """All of the graph in eight bits, or all but the convolutions that take or give pixels."""
    import nncf  # pyright: ignore[reportMissingImports] - in an environment of its own
    import openvino

    model = openvino.Core().read_model(path)
    ends = [] if whole else [node.get_friendly_name() for node in model.get_ops() if _touches_pixels(node)]
    return nncf.quantize(
        model,
        nncf.Dataset(calibration, lambda pixels: [pixels]),
        preset=nncf.QuantizationPreset.MIXED,  # activations of both signs; as fast as the symmetric preset here
        subset_size=len(calibration),
        ignored_scope=nncf.IgnoredScope(names=ends),
    )


def _touches_pixels(node) -> bool:
    if node.get_type_name() != "Convolution":
        return False
    given, taken, *_ = node.input(1).get_shape()
    return taken == 3 or given == 3 * SCALE**2


def markdown(found: list[Arithmetic]) -> str:
    served, *others = found
    rows = (
        (way.name, f"{way.cpu:.1f}", f"{served.cpu / way.cpu:.2f}", f"{way.psnr:.2f}", f"{way.psnr - served.psnr:+.2f}")
        for way in found
    )
    good = any(served.cpu / way.cpu >= FASTER and served.psnr - way.psnr < LOST for way in others)
    slow = max(served.cpu / way.cpu for way in others) < FASTER
    training = f"Training with quantisation may win back decibels{', but no time' if slow else ''}: it was not tried."
    verdict = "It is worth offering." if good else f"It is not. {training}"
    return (
        "\n\n".join(
            [
                "# Eight bits",
                "Made by `python -m benchmarks.int8`; change nothing by hand.",
                f"Machine: {machine.describe()}; one thread.",
                f"Offered if {FASTER} times as fast at less than {LOST} dB lost. {verdict}",
                report.table(
                    ("arithmetic", "CPU ms a 256x256 tile", "times as fast", "PSNR-Y dB", "against what is served"),
                    rows,
                ),
            ]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="int8.py", description="Measure eight-bit arithmetic.")
    parser.add_argument("photos", type=Path, help="photos to calibrate with")
    parser.add_argument("validation", type=Path, help="photos to judge by")
    parser.add_argument("--output", type=Path, default=machine.folder(), metavar="FOLDER", help="default: %(default)s")
    options = parser.parse_args()
    path = machine.served_version() / "model.onnx"
    calibration = [reduced(photo)[None, :128, :128] for photo in islice(photos(options.photos), CALIBRATION)]
    truths = list(photos(options.validation))
    plain = "bfloat16" if machine.has_bfloat16() else "float32"
    found = [
        judged("as served", served_graph(1, 1), truths),
        judged(f"OpenVINO, {plain}", compiled(path), truths),
        judged("OpenVINO, int8, all of the graph", compiled(quantized(path, calibration, whole=True)), truths),
        judged(
            "OpenVINO, int8, all but the first and last convolution",
            compiled(quantized(path, calibration, whole=False)),
            truths,
        ),
    ]
    options.output.mkdir(parents=True, exist_ok=True)
    report.write_csv(options.output / "int8.csv", found)
    (options.output / "int8.md").write_text(markdown(found))
    print((options.output / "int8.md").read_text())


if __name__ == "__main__":
    main()
