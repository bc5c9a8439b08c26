"""The tables of the model card: these weights, bicubic and every peer, on the same photos."""

import re
from functools import partial

import numpy as np
from tqdm import tqdm

from training import SCALE
from training.dataset import PhotosError
from training.defaults import JUDGES
from training.degradation import Photo
from training.evaluation import Enhancer, Score, judge, mean, score
from training.generator import Generator, parameters
from training.inference import bicubic, enhance
from training.validation import SCENARIOS, scenario, validation

PHOTO_SETS = ("set5", "set14", "photos41")
BEGIN, END = "<!-- measured by training/model_card.py -->", "<!-- end -->"
MIDDLE = 192
"""Side of the middle of each truth that peers were measured on, px."""
Cells = dict[str, str]
"""What a table says of one model, by column."""
Scores = dict[tuple[str, int], Score]
"""By set, and place of the photo in it."""
TABLES = {
    "`shared`": "shared",
    "`wild`": "wild",
    "`wild`, each kind of trouble (10 photos each)": "wild",
    "`clean`": "clean",
}
"""The titles that PEERS.md gives, and the degradation of each table."""


def peers(page: str, title: str) -> list[Cells]:
    """The rows of one table of PEERS.md, without those of this project."""
    section = page.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]
    lines = [line.strip("| ").split("|") for line in section.splitlines() if line.startswith("|")]
    names, _, *rows = ([cell.strip() for cell in line] for line in lines)
    found = [dict(zip(names, row, strict=True)) for row in rows if not row[0].startswith("**ours")]
    for row in found:  # the page writes millions of multiply-adds as k
        row["operations"] = row.get("operations", "").replace(" k", " M")
    return found


def middle(photo: Photo, side: int = MIDDLE) -> Photo:
    """The middle `side` x `side` px, on a multiple of 4 px; all along a side that is shorter."""
    for axis in (0, 1):
        size = min(side, photo.shape[axis])
        start = (photo.shape[axis] - size) // 2 // SCALE * SCALE
        photo = photo.take(range(start, start + size), axis)
    return photo


def measured(enhancer: Enhancer, kind: str, sets: dict[str, list[tuple[str, Photo]]], judges: list) -> Scores:
    """Of the middle of every photo, whole photos being enhanced."""
    found = {}
    for name, photos in sets.items():
        for place, (stem, truth) in enumerate(tqdm(photos, desc=f"{kind} {name}", disable=None, leave=False)):
            whole = enhancer(validation(truth, kind, f"{name}/{stem}", place))
            shown, wanted = middle(whole), middle(truth)
            found[name, place] = score(lambda _, shown=shown: shown, wanted[::SCALE, ::SCALE], wanted, judges)
    return found


def column(scores: Scores, name: str) -> Score | None:
    """The mean that stands under `name`: a set, a trouble of `wild`, or all photos; None where it is no such column."""
    photos = {key: one for key, one in scores.items() if key[0] in PHOTO_SETS}
    if name == "all photos":
        return mean([*photos.values()])
    if name in SCENARIOS:
        return mean([one for (_, place), one in photos.items() if scenario(place) == name])
    of_set = [one for (set_name, _), one in scores.items() if set_name == name]
    return mean(of_set) if of_set else None


def cell(one: Score) -> str:
    """PSNR-Y / LPIPS / DISTS / detail / grid."""
    lpips, dists = one.distances
    return f"{one.psnr:.2f} / {lpips:.3f} / {dists:.3f} / {one.detail:.2f} / {one.grid:.1f}"


def with_best_bold(rows: list[Cells]) -> list[Cells]:
    """The rows with the best of each figure of each column in bold, wherever it stands."""
    bold = [dict(row) for row in rows]
    for name in rows[0]:
        values = [row[name].split(" / ") for row in rows]
        if len(values[0]) != 5:
            continue
        figures = np.array(values, float)
        costs = figures * (-1, 1, 1, 0, 1) + abs(figures - 1) * (0, 0, 0, 1, 0)
        for place, best in enumerate(costs.min(0)):
            for at in np.flatnonzero(costs[:, place] == best):
                values[at][place] = f"**{values[at][place]}**"
        for row, value in zip(bold, values, strict=True):
            row[name] = " / ".join(value)
    return bold


def table(rows: list[Cells]) -> str:
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([row[column] for column in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def better_in_both(rows: list[Cells]) -> list[str]:
    """`model (column)` wherever a model has a higher PSNR-Y and also a lower LPIPS than the first of the rows."""
    ours, *others = rows
    found = []
    for name, mine in ours.items():
        if mine.count(" / ") == 4:
            psnr, lpips, *_ = map(float, mine.split(" / "))
            for row in others:
                theirs, distance, *_ = map(float, row[name].split(" / "))
                if theirs > psnr and distance < lpips:
                    found.append(f"{row['model']} ({name})")
    return found


def both(rows: list[Cells]) -> str:
    """The sentence below a table."""
    found = better_in_both(rows)
    names = ", ".join(found) or "no model"
    return f"Higher PSNR-Y and also lower LPIPS than {rows[0]['model']}: {names}."


def rewrite(card: str, tables: str) -> str:
    """The card with what stands between its markers replaced."""
    return re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: f"{BEGIN}\n{tables}\n{END}", card, flags=re.DOTALL)


def described(generator: Generator) -> Cells:
    """What every table says of the generator before its scores, in millions; operations are for each pixel of input."""
    counts = {"parameters": parameters(generator), "operations": generator.operations}
    return {
        "model": "Resolution-Enhancer",
        "kind": "GAN",
        **{name: f"{count / 1e6:.2f} M" for name, count in counts.items()},
    }


def sections(page: str, generator: Generator, sets: dict[str, list[tuple[str, Photo]]]) -> list[str]:
    """A titled table for each of TABLES. Raises PhotosError where bicubic differs from the page: not comparable."""
    judges = [judge(name) for name in JUDGES]
    known = {title: peers(page, title) for title in TABLES}
    enhancers = {"bicubic": bicubic, "ours": partial(enhance, generator)}
    scores = {
        (kind, label): measured(enhancer, kind, sets, judges)
        for kind in dict.fromkeys(TABLES.values())
        for label, enhancer in enhancers.items()
    }
    found = []
    for title, kind in TABLES.items():
        ours = described(generator)
        plain = next(row for row in known[title] if row["model"] == "bicubic")
        for name, theirs in plain.items():
            if again := column(scores[kind, "bicubic"], name):
                if cell(again) != theirs:
                    raise PhotosError(f"bicubic on {kind}, {name} gives {cell(again)}, the peers' page {theirs}")
                ours[name] = cell(column(scores[kind, "ours"], name) or again)
        rows = [ours, *known[title]]
        found.append(f"### {title}\n\n{table(with_best_bold(rows))}\n\n{both(rows)}")
    return found
