"""What the judges in ../shared/data/validation say of a photo of our own, recorded for checkouts without that folder.

usage: python -m tests.training.judge    writes judge.json anew
"""

import hashlib
import json
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch

from training.defaults import VALIDATION
from training.degradation import Photo
from training.inference import bicubic
from training.validation import KINDS

RECORD = Path(__file__).with_name("judge.json")
NAMES = 6
"""So many names of photos: one for each scenario of `wild`."""


def truth() -> Photo:
    return np.ascontiguousarray(skimage.data.astronaut()[:256, :256])


def digest(pixels: Photo) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def record() -> dict[str, Any]:
    """{"degraded": {"KIND/SET/NAME": SHA-256 of the pixels}, "scores": {name: value of the bicubic enlargement}}.

    Raises AssertionError where the judges are there and say something else today.
    """
    recorded = json.loads(RECORD.read_text())
    if VALIDATION.is_dir():
        found = ask()
        assert found["degraded"] == recorded["degraded"]
        assert found["scores"] == pytest.approx(recorded["scores"], rel=1e-4)
    return recorded


def ask() -> dict[str, Any]:
    """The judges' answers, from their own code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(VALIDATION))
        degrade, score = (
            SimpleNamespace(**runpy.run_path(str(VALIDATION / f"{name}.py"))) for name in ("degrade", "score")
        )
        nets = {"lite0": score.Lite0(), "lpips": score.Lpips(), "dists": score.Dists()}
    photo = truth()
    names = sorted(path.stem for path in (VALIDATION / "set14").glob("*.png"))[:NAMES]
    degraded = {
        f"{kind}/set14/{name}": digest(degrade.degrade(photo[:160, :160], kind, "set14", name))
        for kind in KINDS
        for name in names
    }
    shown = bicubic(photo[::4, ::4])
    found, wanted = (score.inner(score.luma(one)) for one in (shown, photo))
    with torch.no_grad():
        seen = {
            name: float(net.distance(*(net.features(score.tensor(one)) for one in (shown, photo))))
            for name, net in nets.items()
        }
    scores = {
        "psnr": float(10 * np.log10(255**2 / ((found - wanted) ** 2).mean())),
        "ssim": float(score.ssim(found, wanted)),
        "detail": score.detail(found, wanted),
        "grid": score.grid(found, wanted),
        **seen,
    }
    return {"degraded": degraded, "scores": scores}


if __name__ == "__main__":
    RECORD.write_text(json.dumps(ask(), indent=2) + "\n")
