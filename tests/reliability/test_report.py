"""The document says what the tests say."""

from tests.reliability import report


def test_the_document_is_what_the_figures_make_it():
    assert report.DOCUMENT.read_text() == report.document(), "run python -m tests.reliability.report"


def test_every_promise_is_kept_by_tests_that_exist():
    for promise in report.PROMISES:
        for test in promise.tests:
            file, _, name = test.partition("::")
            assert f"def {name}(" in (report.ROOT / "tests" / file).read_text(), test
