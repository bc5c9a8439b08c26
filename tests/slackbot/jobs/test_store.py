"""What is remembered, by whichever process."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from slackbot.errors import JobCancelled
from slackbot.job import Counts
from slackbot.jobs.store import Store
from slackbot.slack.feedback import Feedback


@pytest.fixture
def store(tmp_path):
    books = []

    def opened() -> Store:
        book = Store(f"sqlite:///{tmp_path}/bot.sqlite")
        book.open()
        books.append(book)
        return book

    yield opened
    for book in books:
        book.close()


def test_another_process_remembers_the_same(store):
    store().watch("T1", "C1")
    store().stop("job")
    store().count("job", Counts(1, 2, 3))
    store().set_value("picture", "F1")
    other = store()

    assert other.is_watched("T1", "C1")
    assert not other.is_watched("T2", "C1")
    assert not other.is_watched("T1", "C2")
    assert other.is_stopped("job")
    assert not other.is_stopped("another")
    assert other.today() == Counts(1, 2, 3)
    assert other.get_value("picture") == "F1"
    assert other.get_value("nothing") == ""


def test_twice_is_once(store):
    book = store()
    for _ in range(2):
        book.watch("T1", "C1")
        book.stop("job")
        book.count("job", Counts(1, 1, 1))
        book.set_value("picture", "F2")
    book.count("another", Counts(2, 0, 0))

    assert book.today() == Counts(3, 1, 1)
    book.unwatch("T1", "C1")
    book.unwatch("T1", "C1")
    assert not book.is_watched("T1", "C1")


def test_a_day_without_photos_counts_none(store):
    assert store().today() == Counts(0, 0, 0)


def test_postgresql_needs_no_driver_but_the_one_that_is_there():
    Store("postgresql://bot@host/bot").close()


def test_an_address_for_answers_is_forgotten_after_half_an_hour(store, monkeypatch):
    book = store()
    name = book.keep_answer_address("https://hooks.slack.com/actions/T1/1/x")
    assert store().answer_address(name) == "https://hooks.slack.com/actions/T1/1/x"
    assert book.answer_address("another") == ""

    later = time.time() + 30 * 60 + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert book.answer_address(name) == ""
    book.drop_expired_addresses()
    monkeypatch.undo()
    assert book.answer_address(name) == "", "it is gone, and not only hidden"


def test_the_last_word_of_each_person_counts(store):
    book = store()
    assert book.rate("job", "ada", Feedback(True, "3", "1x1:4x4:PNG"))
    assert not book.rate("job", "ada", Feedback(True, "3", "1x1:4x4:PNG"))
    assert book.rate("job", "ada", Feedback(False, "3", "1x1:4x4:PNG"))
    book.rate("job", "grace", Feedback(True, "3", "1x1:4x4:PNG"))
    book.rate("other", "grace", Feedback(True, "12", "1x1:4x4:PNG"))

    assert store().ratings() == [("12", 1, 0), ("3", 1, 1)]
    book.delete_jobs(["job"])
    assert book.ratings() == [("12", 1, 0)]


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_clicks_that_arrive_at_once_count_once_and_fail_nobody(database, tmp_path, request):
    people, clicks = 5, 8
    url = request.getfixturevalue("postgres") if database == "PostgreSQL" else f"sqlite:///{tmp_path}/bot.sqlite"
    book, together, good = Store(url), threading.Barrier(clicks), Feedback(True, "3", "1x1:4x4:PNG")
    book.open()

    def press(_: int) -> int:
        together.wait(60)
        return sum(book.rate("job", f"person {number}", good) for number in range(people))

    with ThreadPoolExecutor(clicks) as pool:
        assert sum(pool.map(press, range(clicks))) == people
    assert book.ratings() == [("3", people, 0)]
    book.close()


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_a_job_is_stopped_or_its_reply_is_posted_and_never_both(database, tmp_path, request):
    url = request.getfixturevalue("postgres") if database == "PostgreSQL" else f"sqlite:///{tmp_path}/bot.sqlite"
    book, together, jobs = Store(url), threading.Barrier(2), [f"job {number}" for number in range(100)]
    book.open()

    def begins(job: str) -> bool:
        try:
            return book.begin_post(job, "files", "a bot")
        except JobCancelled:
            return False

    def with_the_other(act: Callable[[str], bool]) -> list[bool]:
        did = []
        for job in jobs:
            together.wait(60)
            did.append(act(job))
        return did

    with ThreadPoolExecutor(2) as pool:
        stopped, begun = pool.map(with_the_other, (book.stop, begins))
    assert stopped == [not began for began in begun]
    assert [bool(book.posts(job)) for job in jobs] == begun
    assert all(map(book.is_stopped, jobs))
    book.close()


def test_what_is_stopped_stays_stopped_and_what_is_begun_is_begun(store):
    book = store()
    for _ in range(2):
        assert book.stop("stopped")
        with pytest.raises(JobCancelled):
            book.begin_post("stopped", "files", "a bot")
    assert book.begin_post("begun", "files", "a bot")
    for _ in range(2):
        assert not book.stop("begun")
        assert not book.begin_post("begun", "files", "another bot")
    assert book.posts("begun") == {"files": ("a bot", False)}


def test_tries_whose_process_was_killed_are_counted_and_others_are_not(store):
    book = store()
    book.begin_attempt("job", 0, "killed")
    assert store().attempts("job", 0) == 1
    book.begin_attempt("job", 0, "living")
    book.begin_attempt("job", 1, "living")
    assert (book.attempts("job", 0), book.attempts("job", 1), book.attempts("job", 2)) == (2, 1, 0)

    book.end_attempt("job", 0, "killed")  # it is the other's now
    assert book.attempts("job", 0) == 2
    for _ in range(2):  # once at the end of the process, and once more by the thread that was at it
        book.end_attempts("living")
        book.end_attempt("job", 0, "living")
    assert (book.attempts("job", 0), book.attempts("job", 1)) == (1, 0)
    book.delete_jobs(["job"])
    assert book.attempts("job", 0) == 0


def test_a_stopped_job_begins_no_try(store):
    book = store()
    book.stop("job")
    with pytest.raises(JobCancelled):
        book.begin_attempt("job", 0, "living")
    assert book.attempts("job", 0) == 0
