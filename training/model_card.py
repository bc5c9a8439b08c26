"""Write the measured tables of `weights/MODEL_CARD.md`: these weights, bicubic and every peer, on the same photos.

usage: python -m training.model_card [--peers ../shared/data/validation/PEERS.md]
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import argparse
import sys
from pathlib import Path


def main() -> None:
    from training.defaults import VALIDATION, WEIGHTS

    parser = argparse.ArgumentParser(prog="model_card.py", description="Write the model card's measured tables.")
    parser.add_argument("--peers", type=Path, default=VALIDATION / "PEERS.md", help="default: %(default)s")
    options = parser.parse_args()
    from training.card_tables import rewrite, sections
    from training.dataset import PhotosError
    from training.evaluation import truths
    from training.generator import load_weights
    from training.perceptual import FeaturesError

    card = WEIGHTS.parent / "MODEL_CARD.md"
    try:
        found = sections(options.peers.read_text(), load_weights(), truths(VALIDATION))
    except (FeaturesError, PhotosError) as error:
        sys.exit(f"model_card.py: {error}")
    card.write_text(rewrite(card.read_text(), "\n" + "\n\n".join(found) + "\n"))


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"model_card.py: {error.name} is not installed: run `make .venv/export`, then use .venv/bin/python")
