"""Draw training pictures: `python -m training.drawings OUT_FOLDER [--count 300] [--seed 0]`."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import argparse
import sys
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="drawings", description="Draw training pictures: text, interfaces, charts, art."
    )
    parser.add_argument("out", type=Path, help="folder for the PNG files")
    parser.add_argument("--count", type=int, default=300, help="how many drawings (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="other seeds give other drawings (default: %(default)s)")
    options = parser.parse_args()
    from training.drawings.draw import draw
    from training.drawings.writing import DrawingsError

    options.out.mkdir(parents=True, exist_ok=True)
    try:
        for number in range(options.count):
            draw(options.seed, number).save(options.out / f"drawing-{options.seed}-{number:04}.png")
    except DrawingsError as error:
        sys.exit(f"drawings: {error}")


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"drawings: {error.name} is not installed: run `make .venv/train`, then use .venv/bin/python")
