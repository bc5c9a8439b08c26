"""Recipes: read from TOML, followed stage by stage, and written down beside what came of them."""

import hashlib
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

from training.average_weights import average
from training.checkpoint import Checkpoint
from training.dataset import Pairs
from training.degradation import Photo
from training.discriminator import Discriminator
from training.generator import Generator, Shape, make_generator
from training.loop import train
from training.reporting import Report, held_out
from training.stage import Stage


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
    if len({step.stage.discriminator_channels for step in steps}) != 1:
        raise RecipeError("the stages share one discriminator: give them all the same discriminator_channels")
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
    first = recipe.steps[0].stage
    torch.manual_seed(first.seed)
    generator, discriminator = make_generator(recipe.shape), Discriminator(first.discriminator_channels)
    done: dict[str, Generator] = {}
    for step in recipe.steps:
        folder = out / step.name
        resume = Checkpoint.load(folder / "checkpoint.pt") if (folder / "checkpoint.pt").exists() else None
        if resume and resume.step >= step.stage.steps:
            generator = make_generator(recipe.shape)  # of the checkpoint: the weights' file has half the precision
            generator.load_state_dict(resume.state["average"])
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
