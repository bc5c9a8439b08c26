"""The board: who comes first, who waits how long, and when it is full."""

import pytest

from slackbot.board import Board
from slackbot.job import Job
from slackbot.limits import Limits
from slackbot.words import Wish


def job(number: int, asker: str = "ada", channel: str = "C1") -> Job:
    return Job("T1", channel, f"{number}.0", f"{number}.0", Wish(), asker=asker)


@pytest.fixture
def board():
    clock = [0.0]
    board = Board(Limits(jobs_waiting=5, jobs_at_once=2), now=lambda: clock[0])
    board.clock = clock  # type: ignore[attr-defined]
    return board


def order(board: Board) -> list[tuple[str, str]]:
    return [(entry.job.asker, entry.job.message) for entry in board.entries()]


def test_everybodys_first_comes_before_anybodys_second(board):
    for number in range(3):
        board.add(job(number))
    board.add(job(3, "grace"))
    board.add(job(4, "alan"))

    assert [asker for asker, _ in order(board)] == ["ada", "grace", "alan", "ada", "ada"]


def test_among_those_a_quiet_channel_comes_before_a_busy_one(board):
    board.add(job(1, "ada", "busy"))
    board.add(job(2, "grace", "busy"))
    board.add(job(3, "alan", "quiet"))

    assert [asker for asker, _ in order(board)] == ["ada", "alan", "grace"]


def test_the_same_job_stands_there_once(board):
    first = board.add(job(1))

    assert board.add(job(1)) == first
    assert len(board.entries()) == 1


def test_those_at_work_come_first_and_do_not_wait(board):
    board.add(job(1))
    board.add(job(2, "grace"))
    board.begin(job(2, "grace"))

    assert [asker for asker, _ in order(board)] == ["grace", "ada"]
    assert board.waiting() == 1


def test_it_is_full_at_the_limit_and_not_before(board):
    for number in range(4):
        board.add(job(number))
    assert not board.is_full
    board.add(job(4))
    assert board.is_full
    board.begin(job(0))
    assert not board.is_full


def test_the_time_to_wait_follows_what_jobs_took(board):
    assert board.minutes(1) == 1
    for number in range(20):
        board.begin(job(number))
        board.clock[0] += 60
        board.end(job(number).id)

    assert board.minutes(10) == 5, "ten jobs of a minute, two at a time"


def test_how_far_a_job_is(board):
    board.begin(job(1))
    board.look(job(1).id, 3)
    board.advance(job(1).id, 1, 0.25)

    (entry,) = board.entries()
    assert (entry.photo, entry.photos, entry.done) == (1, 3, 0.25)
    board.end(job(1).id)
    board.advance(job(1).id, 2, 0.5)
    assert board.entries() == []
    assert not board.has(job(1).id)
