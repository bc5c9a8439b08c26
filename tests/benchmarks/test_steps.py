"""The pages of steps and of bulk, without measuring anything."""

from benchmarks.bulk import BARE, FILES, Bulk
from benchmarks.bulk import markdown as bulk_page
from benchmarks.steps import Steps
from benchmarks.steps import markdown as steps_page


def test_what_is_not_the_graph_is_a_share_of_the_whole_in_the_order_of_sizes():
    rows = [
        Steps("AVX2", size, 0.1, 0.2, 0.3, 0.9 * size, 0.5, 0.6, whole=1.2 * size, graph=0.9 * size, others=0.01)
        for size in (4.0, 1.0)
    ]
    page = steps_page(rows)
    assert "| 4 | 0.10 | 0.20 | 0.30 | 3.60 | 0.50 | 0.60 | 4.80 | 3.60 | 1.20 | 25% | 0.01 |" in page
    assert page.index("| 1 | 0.10") < page.index("| 4 | 0.10")


def test_bulk_is_compared_with_the_bare_graph_of_the_same_kind_of_cpu():
    rows = [
        Bulk("AVX2", BARE, 10, 20.0, 0), Bulk("AVX2", FILES, 10, 25.0, 0.1),
        Bulk("AMX", BARE, 10, 2.0, 0), Bulk("AMX", FILES, 10, 4.0, 0.2),
    ]  # fmt: skip
    page = bulk_page(rows)
    assert "| `slackbot enhance FOLDER` | 10 | 25.0 | 0.40 | 80% | 0.10 |" in page
    assert "| `slackbot enhance FOLDER` | 10 | 4.0 | 2.50 | 50% | 0.20 |" in page
