"""What a model repository must hold before a server is worth starting."""

import hashlib
import json
from pathlib import Path

from serving.errors import ModelChanged, ModelMissing

REPORT, MODEL, INT8 = "export.json", "model.onnx", "model.int8.onnx"
"""What export/to_onnx.py leaves in a version's folder; the last on request."""


def check(repository: Path, models: tuple[str, ...]) -> None:
    """Raise ModelMissing unless every model has its configuration and a version with a file in it.

    Raises ModelChanged where a version lies beside an export report that was written for another file.
    """
    if not repository.is_dir():
        raise ModelMissing(f"there is no model repository at {repository}")
    for model in models:
        folder = repository / model
        if not (folder / "config.pbtxt").is_file():
            raise ModelMissing(f"the model repository has no model {model!r}: {folder / 'config.pbtxt'} is missing")
        if not any(file.is_file() for file in folder.glob("[1-9]*/*")):
            raise ModelMissing(
                f"model {model!r} has no version to serve: {folder / '1' / 'model.onnx'} is missing "
                "(python export/to_onnx.py writes one)"
            )
        for report in folder.glob(f"[1-9]*/{REPORT}"):
            _compare(report.with_name(MODEL), report, "sha256")
            if report.with_name(INT8).exists():
                _compare(report.with_name(INT8), report, "int8_sha256")


def _compare(model: Path, report: Path, entry: str) -> None:
    """The exporter checked the file against PyTorch and wrote down its SHA-256; nothing else is to be served for it."""
    try:
        wanted = json.loads(report.read_text())[entry]
        with model.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelChanged(f"{report} cannot be compared with {model.name} ({type(error).__name__})") from None
    if found != wanted:
        raise ModelChanged(
            f"{model} is not the file that was exported: its SHA-256 is {found[:12]}..., {report.name} says "
            f"{str(wanted)[:12]}... (python export/to_onnx.py writes a new version)"
        )
