"""What a training reports while the disk is full, and after it."""

import csv
import shutil
import threading

import pytest
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from tests.processes import until
from training.reporting import Report


def test_the_first_losses_count_no_more_than_the_next(tmp_path):
    report = Report(tmp_path)
    report.begin(0)
    for step, loss in enumerate((9.0, 1.0, 2.0, 4.0), 1):
        report.step(step, {"pixel": loss})
    assert report.recent == {"pixel": pytest.approx(4.0)}


def test_what_tensorboard_could_not_write_costs_no_file_and_no_later_point(tmp_path, capsys, monkeypatch):
    failed: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", failed.append)  # pytest's own would blame this test, or the next
    report, board = Report(tmp_path), tmp_path / "tensorboard"
    report.begin(0)
    report.step(1, {"pixel": 0.5})
    shutil.rmtree(board)
    board.touch()  # no folder: nothing can be written there
    for step in (2, 3):
        report.step(step, {"pixel": 0.5})
    until(lambda: failed, 10, "the end of TensorBoard's thread")  # it comes after the error that was reported
    board.unlink()
    for step in (4, 5):
        report.step(step, {"pixel": 0.5})

    with report.log.open() as file:
        assert [row[0] for row in csv.reader(file)] == ["1", "2", "3", "4", "5"]
    (events,) = board.iterdir()
    assert [event.step for event in EventFileLoader(str(events)).Load() if event.summary.value] == [4, 5]
    assert capsys.readouterr().err.count("are not complete") == 1
