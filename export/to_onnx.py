"""Export trained weights into the next version of the model that Triton serves, after checking the graph.

usage: python export/to_onnx.py [--weights FILE] [--int8 PHOTOS] [--model-repository FOLDER] [--activate HOST:PORT]
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def arguments() -> argparse.ArgumentParser:
    from training.defaults import WEIGHTS

    parser = argparse.ArgumentParser(
        prog="to_onnx.py", description="Export weights as the next version that Triton serves."
    )
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="safetensors (default: the project's)")
    parser.add_argument(
        "--model-repository", type=Path, default=ROOT / "model_repository", help="default: the project's"
    )
    parser.add_argument(
        "--int8",
        type=Path,
        metavar="PHOTOS",
        help="also in eight bits, for INFERENCE=int8, with the ranges that a folder of photos gives; some minutes",
    )
    parser.add_argument(
        "--activate",
        metavar="HOST:PORT",
        help="have the Triton there (gRPC), which serves this model repository, load the new version at once; what it "
        "refuses is taken away again (TRITON_ADMIN_KEY in the environment: its key, unless `make serve` made one here)",
    )
    return parser


def main() -> None:
    options = arguments().parse_args()
    from export.activation import ActivationError, activate, check, key_for

    key = ""
    if options.activate:  # before the export, which takes many seconds
        try:
            key = key_for(options.activate)
            check(options.activate, key)
        except ActivationError as error:
            sys.exit(f"to_onnx.py: {error}")
    from export.exporter import MODEL, ExportError, export
    from training.dataset import PhotosError
    from training.generator import WeightsError

    signal.signal(signal.SIGINT, signal.default_int_handler)  # what is half written is to be deleted
    try:
        report = export(options.weights, options.model_repository, options.int8)
        folder = options.model_repository / MODEL / str(report.version)
        if options.activate:
            activate(options.activate, folder, key)
    except (ActivationError, ExportError, PhotosError, WeightsError) as error:
        sys.exit(f"to_onnx.py: {error}")
    print(f"{MODEL} version {report.version} is in {folder}{', and serves' if options.activate else ''}")
    for name, value in asdict(report).items():
        print(f"  {name.replace('_', ' '):20} {value:,}" if isinstance(value, int) else f"  {name:20} {value}")


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"to_onnx.py: {error.name} is not installed: run `make .venv/export`, then use .venv/bin/python")
    except KeyboardInterrupt:
        sys.exit("\nto_onnx.py: stopped")
