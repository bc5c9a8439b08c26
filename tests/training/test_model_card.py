from dataclasses import replace

import numpy as np

from training.card_tables import (
    BEGIN,
    END,
    both,
    cell,
    column,
    described,
    middle,
    peers,
    rewrite,
    table,
    with_best_bold,
)
from training.evaluation import Score
from training.generator import Shape, load_weights, make_generator

PAGE = """# Peers

## `shared`

| model | operations | set5 |
|---|---|---|
| bicubic | 0.43 k | 28.04 / 0.454 / 0.280 / 0.26 / 0.0 |
| **ours, 1234567** | 1.25 k | 29.60 / 0.188 / 0.211 / 0.55 / 1.1 |

## `clean`

| model | operations | set5 |
|---|---|---|
| bicubic | - | 29.13 / 0.334 / 0.233 / 0.28 / 0.0 |
"""
ONE = Score(psnr=30.0, ssim=0.8, detail=0.7, grid=0.4, consistency=40.0, seconds=1.0, distances=(0.2, 0.1))


def test_reads_the_peers_of_one_degradation():
    row = {"model": "bicubic", "operations": "0.43 M", "set5": "28.04 / 0.454 / 0.280 / 0.26 / 0.0"}
    assert peers(PAGE, "`shared`") == [row]
    assert peers(PAGE, "`clean`")[0]["set5"].startswith("29.13")


def test_operations_are_not_the_parameters_where_the_trunk_works_at_half_resolution():
    """A quarter of the multiply-adds for each of the trunk's weights; at whole resolution one for each."""
    first = {"model": "Resolution-Enhancer", "kind": "GAN"}
    half = make_generator(Shape(15, 128, fold=2))
    assert described(half) == {**first, "parameters": "4.81 M", "operations": "1.25 M"}
    assert described(load_weights()) == {**first, "parameters": "1.25 M", "operations": "1.25 M"}


def test_replaces_the_measured_part_and_nothing_else():
    card = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert rewrite(card, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert rewrite(rewrite(card, "new"), "new") == rewrite(card, "new")


def test_a_table_has_a_column_for_each_name():
    assert table([{"a": "1", "b": "2"}, {"b": "4", "a": "3"}]).splitlines() == [
        "| a | b |",
        "| --- | --- |",
        "| 1 | 2 |",
        "| 3 | 4 |",
    ]


def test_columns_are_means_of_sets_of_troubles_and_of_all_photos():
    """Graphics are no photos; the first and the seventh photo of a set have the same trouble."""
    scores = {("set5", 0): ONE, ("set5", 6): replace(ONE, psnr=20.0), ("graphics", 0): replace(ONE, psnr=10.0)}
    means = {name: column(scores, name) for name in ("set5", "noise", "all photos", "graphics", "parameters")}
    assert {name: one and one.psnr for name, one in means.items()} == {
        "set5": 25, "noise": 25, "all photos": 25, "graphics": 10, "parameters": None,
    }  # fmt: skip
    assert cell(ONE) == "30.00 / 0.200 / 0.100 / 0.70 / 0.4"


def test_bold_is_the_best_of_each_figure_whoever_has_it():
    rows = [
        {"model": "a", "x": "30.00 / 0.200 / 0.100 / 0.70 / 0.4"},
        {"model": "b", "x": "29.00 / 0.100 / 0.200 / 1.20 / 0.4"},
    ]
    ours, theirs = with_best_bold(rows)
    assert ours["x"] == "**30.00** / 0.200 / **0.100** / 0.70 / **0.4**"
    assert theirs["x"] == "29.00 / **0.100** / 0.200 / **1.20** / **0.4**"


def test_who_is_better_in_both_is_named_with_the_column():
    ours = {"model": "ours", "operations": "-", "x": "30.00 / 0.200 / 0.1 / 1 / 0", "y": "30.00 / 0.200 / 0.1 / 1 / 0"}
    one = {"model": "a", "operations": "-", "x": "31.00 / 0.300 / 0.1 / 1 / 0", "y": "30.01 / 0.199 / 0.1 / 1 / 0"}
    assert both([ours, one]) == "Higher PSNR-Y and also lower LPIPS than ours: a (y)."
    equal = {"model": "b", "operations": "-", "x": "30.00 / 0.100 / 0.1 / 1 / 0", "y": "31.00 / 0.200 / 0.1 / 1 / 0"}
    assert both([ours, equal]) == "Higher PSNR-Y and also lower LPIPS than ours: no model."


def test_the_middle_lies_on_a_multiple_of_four_and_is_all_of_a_short_side():
    rows = np.arange(300)[:, None, None].repeat(100, 1).repeat(3, 2)
    cut = middle(rows.astype(np.uint8), 192)
    assert cut.shape == (192, 100, 3)
    assert cut[0, 0, 0] == 52
