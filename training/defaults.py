"""What the command lines begin from. Nothing here is slow to import, so that `--help` is not."""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights" / "generator.safetensors"
"""The project's weights, which are served."""
VALIDATION = Path(__file__).resolve().parents[2] / "shared" / "data" / "validation"
"""Photos to evaluate on, where they lie beside the checkout."""
SIDE = 1024
"""Of larger photos only the middle is evaluated, px."""
KINDS = ("clean", "shared", "wild")
"""The degradations that results are reported on: see training/validation.py."""
JUDGES = ("lpips", "dists")
"""The perceptual distances that are reported by default; training by default looks through neither."""
