"""Everything that training needs to go on where it stopped, in one file."""

import io
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

from training.files import replacing


class CheckpointError(ValueError):
    """A checkpoint that cannot be resumed from, or cannot be written; the message says why."""


@dataclass(frozen=True)
class Checkpoint:
    """The state after `step` steps. Data needs none: a step's pairs follow from the seed and the step."""

    step: int
    stage: dict[str, Any]
    """its options, by name"""
    state: dict[str, dict[str, Any]]
    """the state_dict of each network and optimiser, by name"""
    shape: dict[str, int]
    """of the generator"""
    inputs: dict[str, Any]
    """what else decides the weights: `perceptual`, the networks' names; `compiled`; and what `train` got as `data`"""

    def save(self, path: Path) -> None:
        """Whole or not at all: a run that is killed while it writes leaves the older file. Raises OSError."""
        content = io.BytesIO()  # of a file that cannot be written, torch.save makes a RuntimeError now and then
        torch.save({one.name: getattr(self, one.name) for one in fields(self)}, content)
        with replacing(path) as unfinished:
            unfinished.write_bytes(content.getbuffer())

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read with weights_only, so nothing in the file is executed. Raises CheckpointError."""
        if not path.is_file():
            raise CheckpointError(f"no checkpoint at {path}")
        try:
            found = torch.load(path, map_location="cpu", weights_only=True)
            if "recipe" in found:  # the options, before they got the names that they have in `stage`
                raise CheckpointError(f"{path} is of an earlier version: finish it with that one, or start anew")
            return cls(**found)
        except CheckpointError:
            raise
        except Exception as error:
            raise CheckpointError(f"{path} is not a checkpoint of this program: {error}") from error

    def changed(self, now: dict[str, Any]) -> list[str]:
        """The names of what is otherwise `now` than it was; what the checkpoint does not hold is left out."""
        then = {**self.stage, "generator": self.shape, **self.inputs}
        return [name for name, value in now.items() if name in then and then[name] != value]

    def restore(self, parts: dict[str, Any]) -> None:
        """Load each part's state. Raises CheckpointError where the networks are not those that were saved."""
        try:
            for name, part in parts.items():
                part.load_state_dict(self.state[name])
        except (KeyError, RuntimeError, ValueError) as error:
            raise CheckpointError(f"the checkpoint is of another network: {error}") from error
