"""What a person can watch while training runs: TensorBoard, a picture of curves, a contact sheet of held-out photos."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from training.degradation import Photo
from training.inference import bicubic, enhance
from training.metrics import psnr_y
from training.validation import validation

mpl.use("agg")
from matplotlib import pyplot as plt

SHOWN = 192
"""Side of a held-out crop, px: small enough to look at six of them at 1:1."""


def held_out(photos: Sequence[Photo]) -> list[tuple[Photo, Photo]]:
    """(small, truth) of each photo's centre under the `shared` degradation."""
    pairs = []
    for i, photo in enumerate(photos):
        height, width = (min(length, SHOWN * 2) // 8 * 8 for length in photo.shape[:2])
        top, left = (photo.shape[0] - height) // 2, (photo.shape[1] - width) // 2
        truth = photo[top : top + height, left : left + width]
        pairs.append((validation(truth, "shared", f"held-out/{i}"), truth))
    return pairs


def contact_sheet(rows: Sequence[Sequence[Photo]]) -> Image.Image:
    """Each row's photos side by side, the middle `SHOWN` px of each at 1:1."""

    def middle(photo: Photo) -> Photo:
        top, left = ((length - SHOWN) // 2 for length in photo.shape[:2])
        return photo[max(top, 0) :, max(left, 0) :][:SHOWN, :SHOWN]

    sheet = Image.new("RGB", (SHOWN * len(rows[0]), SHOWN * len(rows)))
    for y, row in enumerate(rows):
        for x, photo in enumerate(row):
            sheet.paste(Image.fromarray(np.ascontiguousarray(middle(photo))), (x * SHOWN, y * SHOWN))
    return sheet


@dataclass
class Report:
    """Writes what happens into `out`; with `photos`, also how held-out ones fare (bicubic, ours, truth)."""

    out: Path
    photos: Sequence[tuple[Photo, Photo]] = ()
    every: int = 20
    recent: dict[str, float] = field(default_factory=dict)
    """running means of the losses"""

    def __post_init__(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        self.board = SummaryWriter(str(self.out / "tensorboard"))
        self.log = self.out / "losses.csv"

    def step(self, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            self.recent[name] = 0.98 * self.recent.get(name, value) + 0.02 * value
        if step % self.every == 0:
            for name, value in self.recent.items():
                self.board.add_scalar(f"loss/{name}", value, step)
            with self.log.open("a", newline="") as file:
                csv.writer(file).writerows((step, name, f"{value:.6f}") for name, value in self.recent.items())

    def evaluate(self, step: int, network: nn.Module) -> None:
        """Curves so far, and with held-out photos their PSNR and contact sheet."""
        if self.photos:
            ours = [enhance(network, small) for small, _ in self.photos]
            psnr = float(np.mean([psnr_y(a, truth) for a, (_, truth) in zip(ours, self.photos, strict=True)]))
            self.board.add_scalar("held-out/PSNR-Y", psnr, step)
            with self.log.open("a", newline="") as file:
                csv.writer(file).writerow((step, "held-out PSNR-Y", f"{psnr:.4f}"))
            rows = [(bicubic(small), a, truth) for a, (small, truth) in zip(ours, self.photos, strict=True)]
            contact_sheet(rows[:6]).save(self.out / "sheet.png")
        self._curves()

    def _curves(self) -> None:
        curves: dict[str, list[tuple[int, float]]] = {}
        if not self.log.exists():
            return
        with self.log.open(newline="") as file:
            for step, name, value in csv.reader(file):
                curves.setdefault(name, []).append((int(step), float(value)))
        figure, axes = plt.subplots(1, len(curves), figsize=(4 * len(curves), 3), squeeze=False, layout="constrained")
        for axis, (name, points) in zip(axes[0], curves.items(), strict=True):
            axis.plot(*zip(*points, strict=True))
            axis.set(title=name, xlabel="step")
            axis.grid(alpha=0.3)
        figure.savefig(self.out / "curves.png", dpi=100)
        plt.close(figure)
