"""The queue of all bots: who comes first, who works on what, and when it is full; in SQLite and in PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from slackbot.job import Job, Options
from slackbot.jobs.queue_table import Load, QueueTable
from slackbot.jobs.store import Store

MANY = 1000


def job(number: int, user: str = "ada", channel: str = "C1", team: str = "T1", thread: str = "") -> Job:
    return Job(team, channel, f"{number}.0", thread or f"{number}.0", Options(), user=user)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    url = f"sqlite:///{tmp_path}/a.sqlite" if request.param == "sqlite" else request.getfixturevalue("postgres")
    store = Store(url)
    store.open()
    yield store
    store.close()


@pytest.fixture
def clock():
    return [1000.0]


@pytest.fixture
def tables(store, clock):
    """The queue as each of two bots sees it."""
    return [QueueTable(store.engine, name, lambda: clock[0]) for name in ("one", "two")]


def fill(table: QueueTable, clock: list[float], *jobs: Job) -> list[str]:
    """Add jobs; who waits in which order."""
    for one in jobs:
        clock[0] += 1
        assert table.add(one, MANY) is not None
    return [waiting.job.user for waiting in table.waiting()]


def test_everybodys_first_comes_before_anybodys_second_whichever_bot_was_asked(tables, clock):
    one, other = tables
    fill(one, clock, *(job(number) for number in range(3)))
    assert fill(other, clock, job(3, "grace"), job(4, "alan")) == ["ada", "grace", "alan", "ada", "ada"]


def test_nobody_is_overtaken_by_who_came_later_however_short_the_queue_is_by_then(tables, clock):
    table = tables[0]
    early = [job(number, f"early {number}") for number in range(5)]
    fill(table, clock, *early)
    for one in early[:3]:
        table.begin(one)
        table.end(one.id)
    assert fill(table, clock, job(9, "late")) == ["early 3", "early 4", "late"]


def test_a_persons_photos_keep_their_order_when_some_have_ended(tables, clock):
    table = tables[0]
    photos = [job(number) for number in range(6)]
    fill(table, clock, *photos[:5])
    for one in photos[:3]:
        table.begin(one)
        table.end(one.id)
    fill(table, clock, photos[5])
    assert [waiting.job for waiting in table.waiting()] == photos[3:]


def test_where_several_workspaces_wait_a_small_one_comes_before_the_rest_of_a_large_one(tables, clock):
    small = job(0, "lin", "C9", "T2")
    large = [job(number, f"user {number}", f"C{number}") for number in range(1, 5)]
    order = fill(tables[0], clock, small, *large, job(9, "mo", "C9", "T2"))
    assert order == ["lin", "user 1", "user 2", "mo", "user 3", "user 4"]


def test_a_workspace_that_comes_back_waits_for_its_turn_as_the_others_do(tables, clock):
    table = tables[0]
    small = job(0, "lin", "C9", "T2")
    large = [job(number, f"user {number}") for number in range(1, 6)]
    fill(table, clock, small, *large)
    for one in (small, *large[:2]):
        table.begin(one)
        table.end(one.id)
    assert fill(table, clock, job(9, "mo", "C9", "T2")) == ["user 3", "mo", "user 4", "user 5"]


def test_a_job_stands_there_once(tables):
    one, other = tables
    first = one.add(job(1), MANY)
    assert other.add(job(1), MANY) == first
    (waiting,) = other.waiting()
    assert (waiting.job, waiting.since) == (job(1), 1000.0)


def test_it_is_full_at_the_limit_and_not_before(tables, clock):
    one, other = tables
    fill(one, clock, job(0), job(1))
    assert one.add(job(2), 2) is None
    assert one.add(job(1), 2) is not None, "it is there already"
    other.begin(job(0))
    assert one.add(job(2), 2) is not None


def test_who_fills_the_queue_leaves_places_for_others(tables):
    """Of sixty places: half are anybody's, and of the others a person gets ten."""
    one, other = tables
    added = [one.add(job(number), 60) is not None for number in range(40)]
    assert added == [True] * 30 + [False] * 10
    added = [other.add(job(number, "grace"), 60) is not None for number in range(100, 112)]
    assert added == [True] * 10 + [False] * 2
    added = [one.add(job(number, f"user {number}"), 60) is not None for number in range(200, 221)]
    assert added == [True] * 20 + [False], "it is full"
    for number in range(30):
        other.begin(job(number))
    assert one.add(job(300), 60) is not None, "those at work are not in the way"


def test_of_many_workspaces_none_takes_all_places(tables):
    table = tables[0]
    for number in range(20):
        assert table.add(job(number, f"user {number}"), 40, many_teams=True) is not None
    late = job(20, "late")
    assert table.add(late, 40, many_teams=True) is None
    assert table.add(job(21, "lin", "C9", "T2"), 40, many_teams=True) is not None
    assert table.add(late, 40) is not None, "where there is one workspace, all places are its own"


def test_jobs_that_come_at_once_are_counted_one_after_the_other(tables):
    with ThreadPoolExecutor(8) as threads:
        priorities = list(threads.map(lambda number: tables[number % 2].add(job(number), MANY), range(24)))
    assert len(set(priorities)) == 24, "each has a turn of its own"


def test_a_job_is_the_bots_that_works_on_it(tables, clock):
    one, other = tables
    fill(one, clock, job(1), job(2, "grace"))
    clock[0] += 5
    assert other.begin(job(1)) == 1001.0
    assert one.load() == Load(working=1, bots=1, waiting=1)
    one.end(job(1).id)
    assert one.has(job(1).id), "another bot works on it"
    other.wait_again(["two"])
    assert one.load() == Load(working=0, bots=0, waiting=2)
    one.begin(job(1))
    one.end(job(1).id)
    assert not other.has(job(1).id)
    assert other.all() == {job(2).id}


def test_a_job_that_nobody_knew_of_is_there_from_its_begin_on(tables):
    assert tables[0].begin(job(1)) == 1000.0
    assert tables[1].load() == Load(working=1, bots=1, waiting=0)


def test_a_persons_jobs_are_found_by_place(tables, clock):
    table = tables[0]
    mine = job(1, thread="0.5"), job(2)
    fill(table, clock, *mine, job(3, "grace"), job(4, channel="C2"))
    assert set(table.of_person("ada", "C1")) == {one.id for one in mine}
    assert table.of_person("ada", "C1", "0.5") == [mine[0].id]
    assert table.of_message("T1", "C1", "2.0") == [mine[1].id]
    assert table.of_message("T1", "C1", "9.0") == []


def test_a_button_is_offered_once(tables):
    one, other = tables
    one.add(job(1), MANY)
    assert one.offer(job(1).id)
    assert not other.offer(job(1).id)
    assert not other.offer("unknown")


def test_what_a_killed_bot_left_is_removed_and_newcomers_are_not(tables, clock):
    one, other = tables
    fill(one, clock, job(1), job(2))
    other.begin(job(1))
    clock[0] += 100
    fill(one, clock, job(3))
    one.keep({job(2).id})
    assert one.all() == {job(2).id, job(3).id}
