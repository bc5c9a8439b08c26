"""Write the measured table of `weights/MODEL_CARD.md`: these weights, bicubic and every peer, on the same photos.

usage: python training/model_card.py [--peers ../shared/data/validation/PEERS.md]
"""

import argparse
import re
import sys
from functools import partial
from pathlib import Path

if __package__ in (None, ""):  # run as a script: the project, not this folder, is where imports start
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from training.dataset import PhotosError
from training.evaluate import VALIDATION, Score, measure, truths
from training.generator import WEIGHTS, load_weights, parameters
from training.inference import bicubic, enhance
from training.perceptual import distance
from training.validation import validation

CARD = WEIGHTS.parent / "MODEL_CARD.md"
SETS = ("set5", "set14", "photos41")
BEGIN, END = "<!-- measured by training/model_card.py -->", "<!-- end -->"
Cells = dict[str, str]
"""What a table says of one model, by column."""


def peers(page: str, degradation: str) -> list[Cells]:
    """The rows of one table of PEERS.md."""
    section = page.split(f"## `{degradation}`")[1].split("\n## ", maxsplit=1)[0]
    lines = [line.strip("| ").split("|") for line in section.splitlines() if line.startswith("|")]
    names, _, *rows = ([cell.strip() for cell in line] for line in lines)
    return [dict(zip(names, row, strict=True)) for row in rows]


def cell(score: Score) -> str:
    return f"{score.psnr:.2f} / {score.ssim:.3f} / {score.distance:.3f}"


def table(rows: list[Cells]) -> str:
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([row[column] for column in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rewrite(card: str, measured: str) -> str:
    """The card with what stands between its markers replaced."""
    return re.sub(
        f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: f"{BEGIN}\n{measured}\n{END}", card, flags=re.DOTALL
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="model_card.py", description="Write the model card's measured table.")
    parser.add_argument("--peers", type=Path, default=VALIDATION / "PEERS.md", help="default: %(default)s")
    options = parser.parse_args()
    generator, judge = load_weights(), distance("lite0")
    size = f"{parameters(generator) / 1e6:.2f} M"
    try:
        sets = truths(VALIDATION)
    except PhotosError as error:
        sys.exit(f"model_card.py: {error}")
    sections = []
    for degradation in ("shared", "clean"):
        known = peers(options.peers.read_text(), degradation)
        ours: Cells = {"model": "**Resolution-Enhancer**", "kind": "GAN", "parameters": size, "operations": size}
        plain = next(row for row in known if row["model"] == "bicubic")
        for name in SETS:
            pairs = [(validation(truth, degradation, f"{name}/{stem}"), truth) for stem, truth in sets[name]]
            ours[name] = f"**{cell(measure(partial(enhance, generator), pairs, judge))}**"
            again = cell(measure(bicubic, pairs, judge))
            if again != plain[name]:
                sys.exit(
                    f"model_card.py: bicubic on {name} gives {again}, the peers' page {plain[name]}: not comparable"
                )
        sections.append(f"### `{degradation}`\n\n{table([ours, *known])}")
    CARD.write_text(rewrite(CARD.read_text(), "\n" + "\n\n".join(sections) + "\n"))


if __name__ == "__main__":
    main()
