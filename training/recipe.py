"""Make weights by a recipe, from nothing: its stages one after another, then their average.

usage: python -m training.recipe --photos FOLDER [--recipe training/recipes/enhancer.toml] [--out runs/weights]
       torchrun --nproc-per-node 2 -m training.recipe --photos FOLDER

Stopped at any time, the same command goes on. The weights' header holds the recipe, the commit, and a hash of the list
of photos with their SHA-256, which is written beside the weights.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until it trains, Ctrl-C ends it at once, without a traceback

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.degradation import Photo
    from training.follow_recipe import Recipe

RECIPE = Path(__file__).parent / "recipes" / "enhancer.toml"


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="recipe.py", description="Make weights by a recipe, from nothing.")
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos; one in forty is held out")
    parser.add_argument("--recipe", type=Path, default=RECIPE, help="stages, options (default: the enhancer's)")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/weights"), help="folder for stages and weights (default: %(default)s)"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that prepare pairs (default: %(default)s)")
    parser.add_argument(
        "--save-every", type=int, default=500, metavar="STEPS", help="steps between checkpoints (default: %(default)s)"
    )
    parser.add_argument("--device", help="cpu or cuda (default: cuda where there is one)")
    return parser


def drawn(recipe: Recipe) -> list[Photo]:
    """The recipe's drawings. Raises DrawingsError."""
    import numpy as np
    from tqdm import tqdm

    from training.drawings.draw import draw

    numbers = tqdm(range(recipe.drawings), "drawings", disable=None)
    return [np.asarray(draw(recipe.drawings_seed, number)) for number in numbers]


def main() -> None:
    options = arguments().parse_args()
    from tqdm import tqdm

    from training import distributed
    from training.dataset import digest, find_photos, manifest, read_photo, read_reduced, split
    from training.drawings.writing import DrawingsError
    from training.follow_recipe import RecipeError, commit, follow, parse_recipe
    from training.generator import parameters, save_weights
    from training.loop import ERRORS, StoppedError
    from training.planning import asked_to_stop, has_fast_bfloat16

    weights = options.out / "generator.safetensors"
    try:
        if not options.recipe.is_file():
            raise RecipeError(f"no recipe at {options.recipe}")
        with distributed.group(options.device) as (device, rank, world_size):
            recipe = parse_recipe(options.recipe.read_text(), has_fast_bfloat16(device))
            files = find_photos(options.photos)
            listed = manifest(files, options.photos)
            learned, evaluated = split(files)
            photos = [read_reduced(file) for file in tqdm(learned, desc="photos", disable=None)]
            shown = [*map(read_photo, evaluated)]
            drawings = drawn(recipe)
            with asked_to_stop() as stopping:
                generator = follow(
                    recipe,
                    photos,
                    drawings,
                    options.out,
                    shown,
                    photos_sha256=digest(listed),
                    device=device,
                    rank=rank,
                    world_size=world_size,
                    workers=options.workers,
                    save_every=options.save_every,
                    stop=lambda: bool(stopping),
                )
            if rank == 0:
                (options.out / "photos.sha256").write_text(listed)
                save_weights(generator, weights, recipe=recipe.text, commit=commit(), photos_sha256=digest(listed))
    except (*ERRORS, DrawingsError, OSError, RecipeError) as error:
        sys.exit(f"recipe.py: {error}")
    except StoppedError as stopped:
        if distributed.is_first():
            print(f"\nrecipe.py: {stopped} of this stage, and saved; the same command goes on", file=sys.stderr)
        sys.exit(130)
    except KeyboardInterrupt:
        sys.exit("\nrecipe.py: stopped; the same command goes on from the last checkpoint")
    if rank == 0:
        print(f"{parameters(generator):,} parameters in {weights}; next: make export OPTIONS='--weights {weights}'")


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"recipe.py: {error.name} is not installed: run `make .venv/train`, then use .venv/bin/python")
