"""How a training goes on from its checkpoint: what the checkpoint keeps, and what may not change."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.checkpoint import Checkpoint, CheckpointError
from training.dataset import digest, manifest

PERCEPTUAL = ["lite0"]


def resumed(options: Namespace) -> Checkpoint | None:
    """The checkpoint to go on from. Raises CheckpointError where the output folder holds another training."""
    kept = options.out / "checkpoint.pt"
    goes_on = options.resume and options.resume.parent.resolve() == options.out.resolve()
    if kept.exists() and not goes_on:
        raise CheckpointError(
            f"{options.out} holds an earlier training: name another folder with --out, or go on with --resume {kept}"
        )
    return Checkpoint.load(options.resume) if options.resume else None


def completed(options: Namespace, inputs: dict[str, Any]) -> Namespace:
    """The options, with what a checkpoint keeps (its `inputs`, or {}) where they were not typed.

    Raises CheckpointError where other perceptual networks were typed. `--compile` may change: it changes no result.
    """
    kept, drawings = inputs.get("perceptual"), inputs.get("drawings_folder")
    if options.perceptual and kept and options.perceptual != kept:
        raise CheckpointError(f"--perceptual cannot change in a resumed training: it began with {' '.join(kept)}")
    found = {
        "perceptual": options.perceptual or kept or PERCEPTUAL,
        "compile": inputs.get("compiled", False) if options.compile is None else options.compile,
        "drawings": options.drawings or (Path(drawings) if drawings else None),
    }
    return Namespace(**{**vars(options), **found})


def data(
    options: Namespace, photos: Sequence[Path], drawings: Sequence[Path], resume: Checkpoint | None
) -> dict[str, str]:
    """What a checkpoint keeps of the files: where drawings are, and digests. Folders may move.

    Raises CheckpointError where they are not those of the checkpoint: other files would make other pairs.
    """
    digests = {
        "photos": digest(manifest(photos, options.photos)),
        "drawings": digest(manifest(drawings, options.drawings)) if drawings else "",
    }
    for name in resume.changed(digests) if resume else ():
        folder = f" in {getattr(options, name)}" if getattr(options, name) else ""
        raise CheckpointError(f"the {name}{folder} are not those that this training began with")
    return {**digests, "drawings_folder": str(options.drawings.resolve()) if drawings else ""}
