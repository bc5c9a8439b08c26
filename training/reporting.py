"""What a person can watch while training runs: TensorBoard, a picture of curves, a contact sheet of held-out photos."""

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from training.degradation import Photo
from training.files import replacing
from training.inference import bicubic, enhance
from training.metrics import psnr_y
from training.validation import validation

mpl.use("agg")
from matplotlib import pyplot as plt

SHOWN = 192
"""Side of a held-out crop, px: small enough to look at six of them at 1:1."""
ROWS = 6
CAPTION = 20
"""Height of the line of captions, px."""


def held_out(photos: Sequence[Photo]) -> list[tuple[Photo, Photo]]:
    """(small, truth) under the `shared` degradation: each photo's centre, and of a few photos other places as well."""
    pairs = []
    for i in range(max(len(photos), ROWS)):
        photo = photos[i % len(photos)]
        height, width = (min(length, SHOWN * 2) // 8 * 8 for length in photo.shape[:2])
        down, right = _PLACES[i // len(photos)]
        top, left = round((photo.shape[0] - height) * down), round((photo.shape[1] - width) * right)
        truth = photo[top : top + height, left : left + width]
        pairs.append((validation(truth, "shared", f"held-out/{i}"), truth))
    return pairs


_PLACES = ((0.5, 0.5), (0, 0), (1, 1), (0, 1), (1, 0), (0.5, 0))


def contact_sheet(rows: Sequence[Sequence[Photo]], captions: Sequence[str]) -> Image.Image:
    """Each row's photos side by side, the middle `SHOWN` px of each at 1:1, and above each column what it is."""

    def middle(photo: Photo) -> Photo:
        top, left = ((length - SHOWN) // 2 for length in photo.shape[:2])
        return photo[max(top, 0) :, max(left, 0) :][:SHOWN, :SHOWN]

    sheet = Image.new("RGB", (SHOWN * len(rows[0]), CAPTION + SHOWN * len(rows)), "white")
    font = ImageFont.load_default(13)
    for x, caption in enumerate(captions):
        # Names of files differ at their ends.
        ends = (caption, *("…" + caption[i:] for i in range(2, len(caption))))
        fits = next(end for end in ends if font.getlength(end) <= SHOWN - 12)
        ImageDraw.Draw(sheet).text((x * SHOWN + 6, 3), fits, "black", font)
    for y, row in enumerate(rows):
        for x, photo in enumerate(row):
            sheet.paste(Image.fromarray(np.ascontiguousarray(middle(photo))), (x * SHOWN, CAPTION + y * SHOWN))
    return sheet


@dataclass
class Report:
    """Writes what happens into `out`; with `photos`, (small, truth) each, also how these fare, beside `before`.

    Training is worth more than its curves: where a file cannot be written, a sentence tells of it, once.
    """

    out: Path
    photos: Sequence[tuple[Photo, Photo]] = ()
    every: int = 19
    """steps between notes of the losses: a prime, so that networks that take turns are all noted"""
    recent: dict[str, float] = field(default_factory=dict)
    """running means of the losses"""
    before: nn.Module | None = None
    """the network that training began from"""

    def __post_init__(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        self.log = self.out / "losses.csv"
        self.psnr: dict[str, float] = {}
        """of the photos, dB, when last looked: bicubic, before, after"""
        self._begun: list[Photo] = []
        self._warned = False
        self._noted = 0
        self._board: SummaryWriter | None = None
        self._purge_step: int | None = None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self._warned:
                tqdm.write(
                    f"Curves and pictures in {self.out} are not complete ({error}). Training goes on.", sys.stderr
                )
            self._warned = True

    def begin(self, step: int) -> None:
        """Training begins, or goes on, after this step: drop what an earlier run noted after it."""
        self._purge_step = step + 1
        with self._writing():
            if self.log.exists():
                kept = [row for row in self._rows() if int(row[0]) <= step]
                with replacing(self.log) as unfinished, unfinished.open("w", newline="") as file:
                    csv.writer(file).writerows(kept)

    def step(self, step: int, values: dict[str, float]) -> None:
        """Note the losses after a step, by name."""
        self._noted += 1
        share = max(0.02, 1 / self._noted)  # at first all count the same
        for name, value in values.items():
            mean = self.recent.get(name, value)
            self.recent[name] = mean + share * (value - mean)
        with self._writing():
            self._log(step, {name: f"{value:.6f}" for name, value in self.recent.items()})
            self._plot(step, {f"loss/{name}": value for name, value in self.recent.items()})

    def _rows(self) -> list[list[str]]:
        """(step, name, value) each; a line that a full disk cut off is left away."""
        with self.log.open(newline="") as file:
            return [row for row in csv.reader(file) if len(row) == 3 and all(row)]

    def _log(self, step: int, rows: dict[str, str]) -> None:
        with self.log.open("a", newline="") as file:
            csv.writer(file).writerows((step, name, value) for name, value in rows.items())

    def _plot(self, step: int, values: dict[str, float]) -> None:
        """Show them on TensorBoard. Raises OSError; the thread of its writer has then ended, so a new one comes next.

        This comes after the files, since that thread prints a traceback wherever it cannot write.
        """
        try:
            if not self._board:
                self._board = SummaryWriter(str(self.out / "tensorboard"), purge_step=self._purge_step)
                self._purge_step = None
            for name, value in values.items():
                self._board.add_scalar(name, value, step)
            self._board.flush()
        except OSError:
            self._board = None
            raise

    def total(self, weights: dict[str, float]) -> float:
        """The generator's loss, of the running means."""
        return sum(weight * self.recent.get(name, 0.0) for name, weight in weights.items())

    def evaluate(self, step: int, network: nn.Module) -> None:
        """Curves so far, and of the photos their PSNR and contact sheet."""
        if self.photos:
            with self._writing():
                self._look(step, network)
        self.draw_curves()

    def _look(self, step: int, network: nn.Module) -> None:
        truths = [truth for _, truth in self.photos]
        columns = {"bicubic": [bicubic(small) for small, _ in self.photos]}
        if self.before:
            self._begun = self._begun or [enhance(self.before, small) for small, _ in self.photos]
            columns["before"] = self._begun
        columns["after"] = [enhance(network, small) for small, _ in self.photos]
        self.psnr = {
            name: float(np.mean([psnr_y(*pair) for pair in zip(photos, truths, strict=True)]))
            for name, photos in columns.items()
        }
        self._log(step, {"held-out PSNR-Y": f"{self.psnr['after']:.4f}"})
        names = {"after": f"after {step:,} steps"}
        captions = [f"{names.get(name, name)}, {value:.2f} dB" for name, value in self.psnr.items()]
        rows = [*zip(*columns.values(), truths, strict=True)]
        contact_sheet(rows[:ROWS], [*captions, "the original"]).save(self.out / "sheet.png")
        self._plot(step, {"held-out/PSNR-Y": self.psnr["after"]})

    def draw_curves(self) -> None:
        """A picture of everything that was noted, over the steps."""
        with self._writing():
            if self.log.exists() and (rows := self._rows()):
                self._draw(rows)

    def _draw(self, rows: Sequence[Sequence[str]]) -> None:
        curves: dict[str, list[tuple[int, float]]] = {}
        for step, name, value in rows:
            curves.setdefault(name, []).append((int(step), float(value)))
        across = min(4, len(curves))
        down = -(-len(curves) // across)
        figure, axes = plt.subplots(down, across, figsize=(4 * across, 3 * down), squeeze=False, layout="constrained")
        for axis in axes.flat[len(curves) :]:
            axis.remove()
        for axis, (name, points) in zip(axes.flat, curves.items(), strict=False):
            axis.plot(*zip(*points, strict=True), marker="." if len(points) < 50 else None)
            axis.set(title=name, xlabel="step")
            axis.grid(alpha=0.3)
        figure.savefig(self.out / "curves.png", dpi=100)
        plt.close(figure)
