"""The next version of the served model: written, compared with the generator, and only then put in its place."""

import hashlib
import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from export.eight_bits import write_in_eight_bits
from export.graph import INPUT, OUTPUT, ExportError, write
from training.generator import Generator, load_weights, parameters
from training.inference import enhance

MODEL = "enhancer"
INT8 = "model.int8.onnx"
"""The graph in eight bits, beside model.onnx."""
SIZES = ((1, 1), (1, 7), (17, 31), (64, 48), (101, 67))
"""Heights and widths at which graph and generator are compared."""
ALLOWED = 1
"""The largest difference allowed between them, of 255: where a value lies on the edge of rounding."""


@dataclass(frozen=True)
class Report:
    """What was exported; written beside the graph, so that whoever serves it can tell that it is the one checked."""

    version: int
    sha256: str
    """of model.onnx"""
    weights_sha256: str
    parameters: int
    operations: int
    """multiply-adds for each pixel of the small photo"""
    reach: int
    """pixels of the small photo, to each side, that one output pixel can see"""
    opset: int
    ir_version: int
    largest_difference: int
    """between graph and generator, of 255"""
    file_bytes: int
    int8_sha256: str = ""
    """of model.int8.onnx, if there is one"""
    int8_lost: float = 0.0
    """what that one loses, dB of PSNR-Y on degraded crops of the photos that it was calibrated on"""


def check(path: Path, generator: Generator) -> int:
    """The largest difference between the graph in ONNX Runtime and the generator in PyTorch, of 255.

    Raises ExportError where the graph is not valid, cannot be run, or differs by more than ALLOWED.
    """
    try:
        onnx.checker.check_model(path, full_check=True)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # both have many types of their own
        raise ExportError(f"the graph is not valid: {error}") from error
    draw = np.random.default_rng(0)
    largest = 0
    for i, (height, width) in enumerate(SIZES):
        photos = draw.integers(0, 256, (1 + i % 3, height, width, 3), np.uint8)
        served = np.asarray(session.run([OUTPUT], {INPUT: photos})[0])
        wanted = np.stack([enhance(generator, photo) for photo in photos])
        if served.shape != wanted.shape or served.dtype != np.uint8:
            raise ExportError(f"{photos.shape} gives {served.dtype} {served.shape}, not uint8 {wanted.shape}")
        largest = max(largest, int(np.abs(served.astype(int) - wanted).max()))
    if largest > ALLOWED:
        raise ExportError(f"graph and generator differ by {largest} of 255; {ALLOWED} is allowed")
    return largest


def next_version(model: Path) -> int:
    """One more than the highest version folder there is."""
    return 1 + max((int(folder.name) for folder in model.glob("*") if folder.name.isdecimal()), default=0)


def export(weights: Path, repository: Path, photos: Path | None = None) -> Report:
    """Write, check and put in place the next version; a version whose check fails is not left behind.

    With `photos`, a folder, also in eight bits. Raises ExportError, PhotosError and WeightsError.
    """
    model = repository / MODEL
    if not (model / "config.pbtxt").is_file():
        raise ExportError(f"{repository} is no model repository: {MODEL}/config.pbtxt is missing")
    generator = load_weights(weights)
    version = next_version(model)
    unfinished = Path(
        tempfile.mkdtemp(prefix=".exporting-", dir=model)
    )  # hidden: Triton looks at numbered folders only
    try:
        path, eight = unfinished / "model.onnx", unfinished / INT8
        graph = write(generator, path)
        difference = check(path, generator)
        lost = write_in_eight_bits(generator, photos, eight) if photos else 0.0
        report = Report(
            version=version,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            weights_sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
            parameters=parameters(generator),
            operations=generator.operations,
            reach=generator.shape.reach,
            opset=graph.opset_import[0].version,
            ir_version=graph.ir_version,
            largest_difference=difference,
            file_bytes=path.stat().st_size,
            int8_sha256=hashlib.sha256(eight.read_bytes()).hexdigest() if photos else "",
            int8_lost=round(lost, 3),
        )
        (unfinished / "export.json").write_text(json.dumps(asdict(report), indent=2) + "\n")
        unfinished.chmod(0o755)  # mkdtemp's folders are for their maker alone, Triton may run as another
        unfinished.rename(model / str(version))
    except BaseException:
        shutil.rmtree(unfinished)
        raise
    return report
