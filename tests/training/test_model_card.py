from training.model_card import BEGIN, END, peers, rewrite, table

PAGE = """# Peers
## `shared`

| model | kind | set5 |
|---|---|---|
| bicubic | interpolation | 27.32 / 0.762 / 2.676 |

## `clean`

| model | kind | set5 |
|---|---|---|
| bicubic | interpolation | 28.43 / 0.811 / 1.674 |
"""


def test_reads_the_peers_of_one_degradation():
    assert peers(PAGE, "shared") == [{"model": "bicubic", "kind": "interpolation", "set5": "27.32 / 0.762 / 2.676"}]
    assert peers(PAGE, "clean")[0]["set5"].startswith("28.43")


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
