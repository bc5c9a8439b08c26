"""Everything that training needs to go on where it stopped, in one file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


class CheckpointError(ValueError):
    """A checkpoint that cannot be resumed from; the message says why."""


@dataclass(frozen=True)
class Checkpoint:
    """The state after `step` steps. Data needs none: a step's pairs follow from the seed and the step."""

    step: int
    recipe: dict[str, Any]
    state: dict[str, dict[str, Any]]
    """the state_dict of each network and optimiser, by name"""
    shape: dict[str, int]
    """of the generator"""

    def save(self, path: Path) -> None:
        """Whole or not at all: a run that is killed while it writes leaves the older file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        torch.save({"step": self.step, "recipe": self.recipe, "state": self.state, "shape": self.shape}, unfinished)
        unfinished.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read with weights_only, so nothing in the file is executed. Raises CheckpointError."""
        if not path.is_file():
            raise CheckpointError(f"no checkpoint at {path}")
        try:
            found = torch.load(path, map_location="cpu", weights_only=True)
            return cls(found["step"], found["recipe"], found["state"], found["shape"])
        except Exception as error:
            raise CheckpointError(f"{path} is not a checkpoint of this program: {error}") from error

    def restore(self, parts: dict[str, Any]) -> None:
        """Load each part's state. Raises CheckpointError where the networks are not those that were saved."""
        try:
            for name, part in parts.items():
                part.load_state_dict(self.state[name])
        except (KeyError, RuntimeError, ValueError) as error:
            raise CheckpointError(f"the checkpoint is of another network: {error}") from error
