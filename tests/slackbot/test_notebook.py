"""What is remembered, by whichever process."""

import pytest

from slackbot.notebook import Counts, Notebook


@pytest.fixture
def notebook(tmp_path):
    books = []

    def opened() -> Notebook:
        book = Notebook(f"sqlite:///{tmp_path}/bot.sqlite")
        book.open()
        books.append(book)
        return book

    yield opened
    for book in books:
        book.close()


def test_another_process_remembers_the_same(notebook):
    notebook().watch("T1", "C1")
    notebook().stop("job")
    notebook().count("job", Counts(1, 2, 3))
    notebook().note("picture", "F1")
    other = notebook()

    assert other.is_watched("T1", "C1")
    assert not other.is_watched("T2", "C1")
    assert not other.is_watched("T1", "C2")
    assert other.is_stopped("job")
    assert not other.is_stopped("another")
    assert other.today() == Counts(1, 2, 3)
    assert other.noted("picture") == "F1"
    assert other.noted("nothing") == ""


def test_twice_is_once(notebook):
    book = notebook()
    for _ in range(2):
        book.watch("T1", "C1")
        book.stop("job")
        book.count("job", Counts(1, 1, 1))
        book.note("picture", "F2")
    book.count("another", Counts(2, 0, 0))

    assert book.today() == Counts(3, 1, 1)
    book.unwatch("T1", "C1")
    book.unwatch("T1", "C1")
    assert not book.is_watched("T1", "C1")


def test_a_day_without_photos_counts_none(notebook):
    assert notebook().today() == Counts(0, 0, 0)


def test_postgresql_needs_no_driver_but_the_one_that_is_there():
    Notebook("postgresql://bot@host/bot").close()
