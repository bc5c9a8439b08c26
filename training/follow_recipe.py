"""Recipes: read from TOML, followed stage by stage, and written down beside what came of them."""

import math
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
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
from training.perceptual import distance
from training.reporting import Report, held_out
from training.stage import Stage, StageError


class RecipeError(ValueError):
    """A recipe that cannot be followed; the message says why."""


@dataclass(frozen=True)
class RecipeStage:
    """One stage of a recipe, and the feature networks that it looks through."""

    name: str
    stage: Stage
    perceptual: tuple[str, ...]
    states_bf16: bool
    """whether the recipe says `bf16`; else it depends on the machine that the stage begins on"""

    def begun(self, checkpoint: Checkpoint | None) -> "RecipeStage":
        """The stage as it goes on from its checkpoint, which may be of another kind of machine."""
        if self.states_bf16 or not checkpoint:
            return self
        return replace(self, stage=replace(self.stage, bf16=checkpoint.stage["bf16"]))


@dataclass(frozen=True)
class Recipe:
    text: str
    shape: Shape
    drawings: int
    drawings_seed: int
    stages: tuple[RecipeStage, ...]
    shares: dict[str, float]
    """of each stage's weights in what is kept, 1 in all"""


def parse_recipe(text: str, bf16: bool = True) -> Recipe:
    """`bf16` is for stages that do not say it. Raises RecipeError, which names what is wrong."""
    try:
        found = tomllib.loads(text)
        stages = tuple(_recipe_stage(stage, bf16) for stage in found["stages"])
        data = found.get("data", {})
        shape, shares = Shape(**found["generator"]), dict(found["average"])
        recipe = Recipe(text, shape, data.get("drawings", 0), data.get("drawings_seed", 0), stages, shares)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"the recipe is no TOML: {error}") from error
    except (KeyError, TypeError) as error:
        raise RecipeError(f"the recipe lacks or has too much: {error}") from error
    if len({one.stage.discriminator_channels for one in stages}) != 1:
        raise RecipeError("the stages share one discriminator: give them all the same discriminator_channels")
    if unknown := set(recipe.shares) - {one.name for one in stages}:
        raise RecipeError(f"the average names stages that are not there: {', '.join(sorted(unknown))}")
    if not math.isclose(sum(recipe.shares.values()), 1, abs_tol=1e-6):
        raise RecipeError(f"the shares of the average are {sum(recipe.shares.values()):g} in all, not 1")
    return recipe


def _recipe_stage(stated: dict[str, Any], bf16: bool) -> RecipeStage:
    options = {"bf16": bf16, **stated}
    name, perceptual = options.pop("name"), tuple(options.pop("perceptual", ("vgg16",)))
    if unknown := set(options) - {field.name for field in fields(Stage)}:
        raise RecipeError(f"stage {name} has unknown options: {', '.join(sorted(unknown))}")
    try:
        return RecipeStage(name, Stage(**options), perceptual, "bf16" in stated)
    except StageError as error:
        raise RecipeError(f"stage {name}: {error}") from error


def commit() -> str:
    """The commit of this checkout, with `+` where files differ from it; empty where this is none."""
    git = ("git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=12", "--dirty=+")
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def resumable(recipe_stage: RecipeStage, recipe: Recipe, folder: Path, data: dict[str, str]) -> Checkpoint | None:
    """The checkpoint of a stage that has begun. Raises RecipeError where it is of another recipe or other photos."""
    path = folder / "checkpoint.pt"
    if not path.exists():
        return None
    found = Checkpoint.load(path)
    stage = recipe_stage.begun(found).stage
    now = {**asdict(stage), "generator": asdict(recipe.shape), "perceptual": [*recipe_stage.perceptual], **data}
    if other := found.changed(now):
        raise RecipeError(
            f"stage {recipe_stage.name} in {folder} was begun with other values of {', '.join(other)}: "
            "change that back, or start anew in another folder"
        )
    return found


def follow(
    recipe: Recipe,
    photos: Sequence[Photo],
    drawings: Sequence[Photo],
    out: Path,
    shown: Sequence[Photo],
    *,
    photos_sha256: str = "",
    world_size: int = 1,
    **options: Any,
) -> Generator:
    """Run the stages that are not done yet, each from the one before, and return the average.

    What can be wrong with a stage is found before the first begins. Raises RecipeError, and what `train` raises.
    """
    data = {"photos": photos_sha256, "drawings": f"{recipe.drawings} of seed {recipe.drawings_seed}"}
    resumes = {one.name: resumable(one, recipe, out / one.name, data) for one in recipe.stages}
    done = {name for name, found in resumes.items() if found and found.step >= found.stage["steps"]}
    stages = [one.begun(resumes[one.name]) for one in recipe.stages]
    to_do = [one for one in stages if one.name not in done]
    for one in to_do:
        one.stage.share(world_size)
    for name in {name for one in to_do if one.stage.perceptual for name in one.perceptual}:
        distance(name)
    pairs = {one.name: Pairs(photos, one.stage.patch_size, one.stage.seed, drawings) for one in to_do}

    first = recipe.stages[0].stage
    torch.manual_seed(first.seed)
    generator, discriminator = make_generator(recipe.shape), Discriminator(first.discriminator_channels)
    generators: dict[str, Generator] = {}
    for one in stages:
        folder, resume = out / one.name, resumes[one.name]
        if resume and one.name in done:
            generator = make_generator(recipe.shape)  # of the checkpoint: the weights' file has half the precision
            generator.load_state_dict(resume.state["ema_generator"])
            discriminator.load_state_dict(resume.state["discriminator"])
        else:
            generator = train(
                one.stage,
                pairs[one.name],
                folder,
                Report(folder, held_out(shown)),
                start=generator,
                discriminator=discriminator,
                perceptual=one.perceptual,
                resume=resume,
                data=data,
                world_size=world_size,
                **options,
            ).cpu()
        generators[one.name] = generator
    return average([generators[name] for name in recipe.shares], [*recipe.shares.values()])
