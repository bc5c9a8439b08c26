"""Make weights by a recipe, from nothing: its stages one after another, then their average.

usage: python -m training.recipe --photos FOLDER [--recipe training/recipes/enhancer.toml] [--out runs/weights]
       torchrun --nproc-per-node 2 -m training.recipe --photos FOLDER

Stopped at any time, the same command goes on. The weights' header holds the recipe, the commit, and a hash of the list
of photos with their SHA-256, which is written beside the weights.
"""

import argparse
import hashlib
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from training import distributed
from training.average_weights import average
from training.checkpoint import Checkpoint
from training.dataset import HELD_OUT_EVERY, Pairs, find_photos, read_photo
from training.degradation import Photo
from training.discriminator import Discriminator
from training.drawings import DrawingsError, draw
from training.generator import Generator, Shape, load_weights, make_generator, parameters, save_weights
from training.reporting import Report, held_out
from training.stage import Stage
from training.train import ERRORS, DivergedError, train

RECIPE = Path(__file__).parent / "recipes" / "enhancer.toml"


class RecipeError(ValueError):
    """A recipe that cannot be followed; the message says why."""


@dataclass(frozen=True)
class Step:
    """One stage of a recipe, and the feature networks that it looks through."""

    name: str
    stage: Stage
    perceptual: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    text: str
    shape: Shape
    drawings: int
    drawings_seed: int
    steps: tuple[Step, ...]
    shares: dict[str, float]
    """of each stage's weights in what is kept, 1 in all"""


def parse_recipe(text: str) -> Recipe:
    """Raises RecipeError, which names what is wrong."""
    try:
        found = tomllib.loads(text)
        steps = tuple(_step(dict(stage)) for stage in found["stages"])
        data = found.get("data", {})
        shape, shares = Shape(**found["generator"]), dict(found["average"])
        recipe = Recipe(text, shape, data.get("drawings", 0), data.get("drawings_seed", 0), steps, shares)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"the recipe is no TOML: {error}") from error
    except (KeyError, TypeError) as error:
        raise RecipeError(f"the recipe lacks or has too much: {error}") from error
    if unknown := set(recipe.shares) - {step.name for step in steps}:
        raise RecipeError(f"the average names stages that are not there: {', '.join(sorted(unknown))}")
    return recipe


def _step(options: dict[str, Any]) -> Step:
    name, perceptual = options.pop("name"), tuple(options.pop("perceptual", ("vgg16",)))
    if unknown := set(options) - {field.name for field in fields(Stage)}:
        raise RecipeError(f"stage {name} has unknown options: {', '.join(sorted(unknown))}")
    return Step(name, Stage(**options), perceptual)


def manifest(files: Sequence[Path], folder: Path) -> str:
    """A line for each photo: its SHA-256, and its name in the folder."""
    hashes = (hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    return "".join(f"{found}  {file.relative_to(folder)}\n" for found, file in zip(hashes, files, strict=True))


def commit() -> str:
    """The commit of this checkout, with `+` where files differ from it; empty where this is none."""
    git = ("git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=12", "--dirty=+")
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def follow(
    recipe: Recipe,
    photos: Sequence[Photo],
    drawings: Sequence[Photo],
    out: Path,
    shown: Sequence[Photo],
    **options: Any,
) -> Generator:
    """Run the stages that are not done yet, each from the one before, and return the average."""
    torch.manual_seed(recipe.steps[0].stage.seed)
    generator, discriminator = make_generator(recipe.shape), Discriminator()
    done: dict[str, Generator] = {}
    for step in recipe.steps:
        folder = out / step.name
        resume = Checkpoint.load(folder / "checkpoint.pt") if (folder / "checkpoint.pt").exists() else None
        if resume and resume.step >= step.stage.steps:
            generator = load_weights(folder / "generator.safetensors")
            discriminator.load_state_dict(resume.state["discriminator"])
        else:
            pairs = Pairs(photos, step.stage.patch, step.stage.seed, drawings)
            generator = train(
                step.stage,
                pairs,
                folder,
                Report(folder, held_out(shown)),
                start=generator,
                discriminator=discriminator,
                perceptual=step.perceptual,
                resume=resume,
                **options,
            ).cpu()
        done[step.name] = generator
    return average([done[name] for name in recipe.shares], [*recipe.shares.values()])


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
    parser.add_argument(
        "--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu, cuda (%(default)s)"
    )
    return parser


def main() -> None:
    options = arguments().parse_args()
    weights = options.out / "generator.safetensors"
    try:
        if not options.recipe.is_file():
            raise RecipeError(f"no recipe at {options.recipe}")
        recipe = parse_recipe(options.recipe.read_text())
        files = find_photos(options.photos)
        photos = [read_photo(file) for file in tqdm(files, desc="photos", disable=None)]
        drawings = [
            np.asarray(draw(recipe.drawings_seed, i)) for i in tqdm(range(recipe.drawings), "drawings", disable=None)
        ]
        with distributed.group(options.device) as (device, rank, ranks):
            generator = follow(
                recipe,
                [photo for i, photo in enumerate(photos) if i % HELD_OUT_EVERY] or photos,
                drawings,
                options.out,
                photos[::HELD_OUT_EVERY],
                device=device,
                rank=rank,
                ranks=ranks,
                workers=options.workers,
                save_every=options.save_every,
            )
            if rank == 0:
                listed = manifest(files, options.photos)
                (options.out / "photos.sha256").write_text(listed)
                digest = hashlib.sha256(listed.encode()).hexdigest()
                save_weights(generator, weights, recipe=recipe.text, commit=commit(), photos_sha256=digest)
    except (*ERRORS, DivergedError, DrawingsError, RecipeError) as error:
        sys.exit(f"recipe.py: {error}")
    except KeyboardInterrupt:
        sys.exit("\nrecipe.py: stopped; the same command goes on from the last checkpoint")
    if rank == 0:
        print(f"{parameters(generator):,} parameters in {weights}; next: python export/to_onnx.py --weights {weights}")


if __name__ == "__main__":
    main()
